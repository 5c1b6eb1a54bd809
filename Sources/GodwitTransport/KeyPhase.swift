import NIOCore

/// Where a connection is in the sequence of its key updates (RFC 9001 §6), and whether the peer keeps to the rules. Numbers and times
/// only; the keys are `PacketKeys`'.
struct KeyPhase {
    /// Packets sent under one key after which it is replaced.
    let updateAfter: UInt64
    /// Packets that one key may protect; a test makes it small.
    var limit = ProtocolLimits.maximumPacketsPerKey

    /// The first packet that was sent, or will be, under the current keys.
    private(set) var firstSent: UInt64 = 0
    /// The lowest packet that was opened with the current keys.
    private var firstOpened: UInt64?
    /// The highest that was opened with older ones.
    private var largestBefore: UInt64?
    /// The peer was told of a packet of this phase, so that it may begin the next.
    private var hasAcknowledged = false
    /// From when we may begin the next phase; nil until the peer has acknowledged a packet of this one.
    private var nextUpdate: NIODeadline?
    private var keepsPrevious = false
    /// When the previous phase's keys are to be forgotten; nil while nothing of the current phase has arrived, and without previous keys.
    private(set) var previousDeadline: NIODeadline?
    /// The packet being read came under the previous phase's keys.
    private(set) var isReadingPrevious = false
    /// As almost always: packets of the current phase need no note.
    private(set) var isSettled = false

    init(updateAfter: UInt64) { self.updateAfter = updateAfter }

    /// The keys are due to be replaced, or used up.
    func isWorn(nextNumber: UInt64) -> Bool { nextNumber &- firstSent >= updateAfter }

    func isUsedUp(nextNumber: UInt64) -> Bool { nextNumber &- firstSent >= limit }

    /// We may begin the next phase, once the handshake is confirmed.
    func mayUpdate(now: NIODeadline) -> Bool { !keepsPrevious && nextUpdate.map { $0 <= now } ?? false }

    var isConfirmed: Bool { nextUpdate != nil }

    /// The handshake's keys protect packets from this number on.
    mutating func start(firstSent: UInt64) { self.firstSent = firstSent }

    /// The peer begins the next phase.
    func checkPeerUpdate() throws(ProtocolError) {
        guard hasAcknowledged else { throw .keyUpdateUnacknowledged }
    }

    /// The next phase begins in both directions.
    ///
    /// - Parameter largestReceived: of all packets so far.
    mutating func advance(nextNumber: UInt64, largestReceived: UInt64?) {
        firstSent = nextNumber
        firstOpened = nil
        largestBefore = largestReceived
        hasAcknowledged = false
        nextUpdate = nil
        keepsPrevious = true
        isSettled = false
    }

    /// Takes note of an authentic packet, while not settled.
    ///
    /// - Parameter deadline: when the previous phase's keys are to be forgotten, if this is the first packet of the current one.
    mutating func opened(_ number: UInt64, byPrevious: Bool, deadline: NIODeadline) throws(ProtocolError) {
        isReadingPrevious = byPrevious
        if byPrevious {
            if let firstOpened, number >= firstOpened { throw .oldKeys(packet: number) }
            largestBefore = max(largestBefore ?? 0, number)
        } else {
            if keepsPrevious, let largestBefore, number <= largestBefore { throw .oldKeys(packet: largestBefore) }
            if firstOpened == nil, keepsPrevious { previousDeadline = deadline }
            firstOpened = min(firstOpened ?? number, number)
            settle()
        }
    }

    /// An acknowledgement up to this number is sent.
    mutating func acknowledging(upTo largest: UInt64) {
        guard let firstOpened, largest >= firstOpened else { return }
        hasAcknowledged = true
        settle()
    }

    /// The peer acknowledges packets up to this number.
    ///
    /// - Parameter patience: the peer keeps its previous keys for about as long, and can't open the next ones' packets meanwhile
    ///   (RFC 9001 §6.5).
    mutating func acknowledged(upTo largest: UInt64, patience: TimeAmount, now: NIODeadline) throws(ProtocolError) {
        guard largest >= firstSent else { return }
        // It has opened a packet of the new phase, and so must not send under the old keys any more (RFC 9001 §6.2).
        guard !isReadingPrevious else { throw .acknowledgedUnderOldKeys(packet: largest) }
        if nextUpdate == nil { nextUpdate = now + patience }
    }

    mutating func forgetPrevious() {
        keepsPrevious = false
        previousDeadline = nil
        isReadingPrevious = false
        largestBefore = nil
        settle()
    }

    private mutating func settle() { isSettled = hasAcknowledged && !keepsPrevious }
}
