import GodwitWire

/// Server: the IDs that it has given one client and that name the connection (RFC 9000 §5.1.1): the one in use and a spare. The
/// endpoint makes them and keeps its table in step.
final class LocalIDs {
    private struct Entry {
        let sequence: UInt64
        let id: ConnectionID
    }

    private let issuer: ConnectionIDIssuer
    private var active: ContiguousArray<Entry>
    private var nextSequence: UInt64 = 1
    /// Of the newest packet.
    private var lastUsed: UInt64 = 0
    /// Given up by the client, still in the endpoint's table.
    private var retired: ContiguousArray<ConnectionID> = []
    /// To be told to the client.
    private var unannounced: ContiguousArray<UInt64> = []

    init(handshakeID: ConnectionID, issuer: ConnectionIDIssuer) {
        self.issuer = issuer
        active = [Entry(sequence: 0, id: handshakeID)]
    }

    // MARK: For the endpoint

    /// The endpoint has something to do: IDs to forget, or to make.
    var isUnsettled: Bool { !retired.isEmpty || active.count < ProtocolLimits.activeConnectionIDs }

    /// One is still to be told.
    var hasUnannounced: Bool { !unannounced.isEmpty }

    var needsMore: Bool { active.count < ProtocolLimits.activeConnectionIDs }

    func takeRetired() -> ContiguousArray<ConnectionID> {
        defer { retired = [] }
        return retired
    }

    func add(_ id: ConnectionID) {
        active.append(Entry(sequence: nextSequence, id: id))
        unannounced.append(nextSequence)
        nextSequence += 1
    }

    /// All that may be in the endpoint's table.
    func forEach(_ body: (ConnectionID) -> Void) {
        for entry in active { body(entry.id) }
        for id in retired { body(id) }
    }

    // MARK: Packets

    func sequence(of id: ConnectionID) -> UInt64? { active.first { $0.id == id }?.sequence }

    /// The newest packet was addressed to it.
    ///
    /// - Returns: whether the client has changed its ID with this packet.
    func used(_ sequence: UInt64) -> Bool {
        defer { lastUsed = sequence }
        return sequence != lastUsed
    }

    // MARK: Frames

    /// - Parameter destination: of the packet that says so; a client must not give up the ID that it uses for it.
    func retire(_ sequence: UInt64, inPacketTo destination: UInt64) throws(ProtocolError) {
        guard sequence < nextSequence, sequence != destination else { throw .retiredConnectionID(sequence: sequence) }
        guard let index = active.firstIndex(where: { $0.sequence == sequence }) else { return }
        retired.append(active.remove(at: index).id)
        unannounced.removeAll { $0 == sequence }
    }

    func takeAnnouncement() -> NewConnectionIDFrame? {
        while let sequence = unannounced.popFirst() {
            guard let entry = active.first(where: { $0.sequence == sequence }) else { continue }
            return NewConnectionIDFrame(
                sequence: sequence, retirePriorTo: 0, id: entry.id, token: issuer.resetToken(for: entry.id))
        }
        // Announcements are few: their room is given back.
        if unannounced.capacity > 0 { unannounced = [] }
        return nil
    }

    func announceAgain(_ sequence: UInt64) {
        if active.contains(where: { $0.sequence == sequence }) { unannounced.append(sequence) }
    }
}

extension ContiguousArray {
    fileprivate mutating func popFirst() -> Element? { isEmpty ? nil : removeFirst() }
}
