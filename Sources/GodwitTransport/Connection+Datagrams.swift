import GodwitWire
import NIOCore

/// Unreliable datagrams: for voice and the like, where what is late is worth nothing.
extension Connection {
    /// Queues a datagram that is sent ahead of messages, as soon as congestion control allows, and on a lossy path repeated within the
    /// redundancy budget. The peer gets it at most once, in any order, or not at all.
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

    /// Writes new ones as far as they fit, then copies of earlier ones that are due.
    func writeDatagrams(into datagram: inout ByteBuffer, _ writer: inout PacketWriter, now: NIODeadline) {
        let copies = RedundancyPolicy.datagramCopies(recovery.loss)
        let gap = RedundancyPolicy.datagramGap(recovery.loss)
        while let bytes = datagrams.writeFrame(
            into: &datagram, space: writer.space(in: datagram), number: writer.number, copies: copies, gap: gap,
            now: now)
        {
            writer.add(.datagram)
            counters.unreliableSent += 1
            repetitions.sentMessage(bytes: bytes)
        }
        let written = datagrams.writeCopies(
            into: &datagram, space: writer.space(in:), number: writer.number, now: now
        ) { [self] bytes in
            guard repetitions.spend(bytes) else { return false }
            counters.copyBytesSent += UInt64(bytes)
            return true
        }
        for _ in 0..<written { writer.add(.datagram) }
        counters.copiesSent += UInt64(written)
    }

    /// A copy of a datagram: delivered when its packet is missing.
    func receive(_ copy: DatagramCopyFrame) throws(ProtocolError) {
        guard try incomingDatagrams.isNew(copy, hasSeen: { application.received.hasSeen($0) }) else { return }
        counters.unreliableSavedByCopies += 1
        deliver(copy.data)
    }

    func receive(_ frame: DatagramFrame) {
        guard incomingDatagrams.isNew() else { return }
        deliver(frame.data)
    }

    private func deliver(_ data: ByteBuffer) {
        counters.unreliableReceived += 1
        events.append(.datagram(data.detached()))
    }
}

extension Frame {
    /// Nothing is sent again when it is lost.
    var isUnreliable: Bool {
        switch self {
        case .datagram, .datagramCopy: true
        default: false
        }
    }
}
