import NIOCore

/// The datagrams in what the kernel joined (generic receive offload, `UDP_GRO` in Linux's udp(7)) or is to part: all of one length,
/// the last may be shorter. They share the buffer's storage.
package struct DatagramSegments: Sequence, IteratorProtocol {
    private var rest: ByteBuffer
    private let segmentBytes: Int
    private var isDone = false

    /// - Parameter segmentBytes: of each datagram; with none, and with one that is not positive or longer than the buffer, the buffer
    ///   is one datagram.
    package init(_ joined: ByteBuffer, segmentBytes: Int?) {
        rest = joined
        let bytes = segmentBytes ?? 0
        self.segmentBytes = bytes > 0 ? bytes : joined.readableBytes
    }

    /// A datagram may be empty, the rest behind the last one is none.
    package mutating func next() -> ByteBuffer? {
        guard !isDone else { return nil }
        let datagram = rest.readSlice(length: Swift.min(segmentBytes, rest.readableBytes))
        isDone = rest.readableBytes == 0
        return datagram
    }
}
