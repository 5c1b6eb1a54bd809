import GodwitWire

/// Client: the IDs by which it can address its server, one in use and spares (RFC 9000 §5.1.2). On a new path it takes a fresh one, so
/// that nobody who sees both paths can tell that they are one client's.
final class PeerIDs {
    private struct Entry {
        let sequence: UInt64
        let id: ConnectionID
        var token: StatelessResetToken?
    }

    private var inUse: Entry
    /// By sequence number.
    private var spares: ContiguousArray<Entry> = []
    /// All sequence numbers that were ever announced, to know a late copy.
    private var seen = RangeSet()
    private var retirePriorTo: UInt64 = 0
    /// To be told to the server.
    private(set) var retirements: ContiguousArray<UInt64> = []
    /// Told and not acknowledged.
    private var unconfirmed = 0

    /// Bounds on what a server can make a client remember: IDs given up that it has not confirmed, and gaps in its numbering.
    static let maximumRetirements = 4 * ProtocolLimits.activeConnectionIDs
    static let maximumGaps = 16

    /// - Parameter handshakeID: the server's source ID in the handshake.
    init(handshakeID: ConnectionID) {
        inUse = Entry(sequence: 0, id: handshakeID)
        seen.insert(0..<1)
    }

    var current: ConnectionID { inUse.id }
    var hasSpare: Bool { !spares.isEmpty }

    /// The handshake's ID has got its token.
    func confirm(_ token: StatelessResetToken) {
        if inUse.sequence == 0 { inUse.token = token }
    }

    /// Whether a server that has lost the connection sends this. Only for the ID in use (RFC 9000 §10.3.1).
    func isReset(_ token: StatelessResetToken) -> Bool { inUse.token == token }

    func add(_ frame: NewConnectionIDFrame) throws(ProtocolError) {
        let entry = Entry(sequence: frame.sequence, id: frame.id, token: frame.token)
        if seen.contains(frame.sequence) {
            guard isConsistent(entry) else { throw .inconsistentConnectionID(sequence: frame.sequence) }
        } else {
            guard inUse.id != frame.id, !spares.contains(where: { $0.id == frame.id }) else {
                throw .inconsistentConnectionID(sequence: frame.sequence)
            }
            seen.insert(frame.sequence..<(frame.sequence + 1))
            spares.append(entry)
            spares.sort { $0.sequence < $1.sequence }
        }
        retirePriorTo = max(retirePriorTo, frame.retirePriorTo)
        retireOld()
        guard 1 + spares.count <= ProtocolLimits.activeConnectionIDs, seen.count <= Self.maximumGaps,
            retirements.count + unconfirmed <= Self.maximumRetirements
        else { throw .connectionIDLimit }
    }

    /// Goes on with a fresh ID.
    ///
    /// - Returns: false when there is none yet: then the old one must do.
    func rotate() -> Bool {
        guard !spares.isEmpty else { return false }
        retirements.append(inUse.sequence)
        inUse = spares.removeFirst()
        return true
    }

    // MARK: RETIRE_CONNECTION_ID

    func takeRetirement() -> UInt64? {
        guard !retirements.isEmpty else { return nil }
        unconfirmed += 1
        return retirements.removeFirst()
    }

    func retirementArrived() { unconfirmed = max(0, unconfirmed - 1) }

    func retireAgain(_ sequence: UInt64) {
        unconfirmed = max(0, unconfirmed - 1)
        retirements.append(sequence)
    }

    // MARK: Parts

    /// A copy of what is known says the same; of what was given up nothing is known.
    private func isConsistent(_ entry: Entry) -> Bool {
        guard
            let known = inUse.sequence == entry.sequence
                ? inUse : spares.first(where: { $0.sequence == entry.sequence })
        else { return true }
        return known.id == entry.id && (known.token == nil || known.token == entry.token)
    }

    private func retireOld() {
        for spare in spares where spare.sequence < retirePriorTo { retirements.append(spare.sequence) }
        spares.removeAll { $0.sequence < retirePriorTo }
        if inUse.sequence < retirePriorTo { _ = rotate() }
    }
}
