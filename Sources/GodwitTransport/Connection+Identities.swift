import GodwitWire
import NIOCore

/// The IDs that name the connection, and the tokens that end it.
extension Connection {
    /// Client: goes on with a fresh connection ID, if the server has given a spare, so that a new path cannot be linked to the old
    /// one (RFC 9000 §9.5). For an owner that sends from another socket without `rebind`.
    package func useFreshID() {
        guard state == .established, let peerIDs, peerIDs.rotate() else { return }
        peerID = peerIDs.current
    }

    /// The sequence number of an ID by which the peer may address us; nil for one that it may not use.
    func localSequence(of id: ConnectionID) -> UInt64? {
        if let localIDs { return localIDs.sequence(of: id) }
        return id == localID ? 0 : nil
    }

    func receive(_ frame: NewConnectionIDFrame) throws(ProtocolError) {
        guard let peerIDs else { throw .frameNotAllowed(type: UInt64(NewConnectionIDFrame.kind)) }
        try peerIDs.add(frame)
        peerID = peerIDs.current
    }

    func receiveRetirement(of sequence: UInt64) throws(ProtocolError) {
        guard let localIDs else { throw .frameNotAllowed(type: UInt64(Frame.Kind.retireConnectionID)) }
        try localIDs.retire(sequence, inPacketTo: packetSequence)
    }

    /// What looked like a packet says that the server has lost the connection. Opening it in vain has left its tag as it was.
    func isStatelessReset(_ datagram: ByteBuffer) -> Bool {
        guard let peerIDs, let token = StatelessResetToken(endOf: datagram) else { return false }
        return peerIDs.isReset(token)
    }

    /// An ID was given up: worth a packet, since the server makes a spare for it.
    var hasRetirements: Bool { !(peerIDs?.retirements.isEmpty ?? true) }

    func writeRetirements(into datagram: inout ByteBuffer, _ writer: inout PacketWriter) {
        while let peerIDs, writer.space(in: datagram) >= Frame.maximumControlLength,
            let sequence = peerIDs.takeRetirement()
        {
            Frame.retireConnectionID(sequence).encode(into: &datagram)
            writer.add(.retireConnectionID(sequence))
        }
    }

    /// A spare ID rides with a packet that goes anyway: nobody waits for it.
    func writeAnnouncements(into datagram: inout ByteBuffer, _ writer: inout PacketWriter) {
        while let localIDs, writer.space(in: datagram) >= NewConnectionIDFrame.maximumLength,
            let frame = localIDs.takeAnnouncement()
        {
            frame.encode(into: &datagram)
            writer.add(.newConnectionID(frame.sequence))
        }
    }
}
