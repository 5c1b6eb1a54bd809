import NIOCore

/// Buffers for datagrams on their way to a socket, used in turn. When a buffer's turn comes again the socket has let go of it as a
/// rule, so that a datagram costs no allocation; if it has not, `Connection.pollTransmit` gives the buffer new storage.
///
///     var datagram = buffers.take()
///     if let remote = connection.pollTransmit(now: now, into: &datagram) {
///         socket.write(datagram, to: remote)
///         buffers.keep(datagram)
///     } else {
///         buffers.putBack(datagram)
///     }
package struct DatagramBuffers {
    private var buffers: ContiguousArray<ByteBuffer>
    private var turn = 0

    /// - Parameter count: twice the datagrams that are written between two flushes, as a rule.
    package init(count: Int) {
        buffers = ContiguousArray(repeating: ByteBuffer(), count: max(1, count))
    }

    /// The buffer whose turn it is. It is lent: follow with `keep` or `putBack`.
    package mutating func take() -> ByteBuffer {
        var buffer = ByteBuffer()
        swap(&buffer, &buffers[turn])
        return buffer
    }

    /// The buffer was given to the socket: another one's turn is next.
    package mutating func keep(_ buffer: ByteBuffer) {
        buffers[turn] = buffer
        turn = turn + 1 == buffers.count ? 0 : turn + 1
    }

    /// The buffer was not needed.
    package mutating func putBack(_ buffer: ByteBuffer) { buffers[turn] = buffer }
}
