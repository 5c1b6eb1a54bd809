import NIOCore

extension ByteBuffer {
    /// The readable bytes in storage of their own: what outlives its packet must not hold on to the whole datagram, nor to the workspace.
    func detached() -> ByteBuffer {
        var copy = ByteBufferAllocator().buffer(capacity: readableBytes)
        copy.writeImmutableBuffer(self)
        return copy
    }
}
