import GodwitWire
import NIOCore

/// Unreliable datagrams: for voice and the like, where what is late is worth nothing.
extension Connection {
    /// Queues a datagram that is sent once, ahead of messages, as soon as congestion control allows. The peer gets it at most once, in
    /// any order, or not at all.
    ///
    /// - Parameter deadline: it is dropped if it has not left by then.
    /// - Throws: `.tooLarge` above `maximumDatagramPayload`; `.closed`.
    package func sendDatagram(_ data: ByteBuffer, deadline: NIODeadline, now: NIODeadline) throws(SendError) {
        switch state {
        case .handshaking, .established: break
        case .closing, .draining, .closed: throw .closed
        }
        guard data.readableBytes <= maximumDatagramPayload else {
            throw .tooLarge(bytes: data.readableBytes, limit: maximumDatagramPayload)
        }
        datagrams.enqueue(data, deadline: deadline)
    }

    /// Bytes of the largest datagram: it must fit into one packet, beside an acknowledgement.
    package var maximumDatagramPayload: Int { configuration.maximumDatagramBytes - Self.roomBesideDatagram }

    /// Header, packet number and tag (29 bytes), the frame's type and length (3), and an ACK of a few ranges.
    private static let roomBesideDatagram = 64

    /// Writes those that fit, and drops those whose time is over.
    func writeDatagrams(into datagram: inout ByteBuffer, _ writer: inout PacketWriter) {
        while datagrams.writeFrame(into: &datagram, space: writer.space(in: datagram)) {
            writer.add(.datagram)
            counters.unreliableSent += 1
        }
    }
}
