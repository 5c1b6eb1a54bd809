import NIOCore

/// A flight once more, a little later. The first one on a network that lost packets at the last visit: with it lost, everything waits for
/// a timer that knows no round trip yet. The peer of one that does so answers in kind. And later ones that nobody answers.
struct FlightRepetition {
    private let isWanted: Bool
    /// Others try beside this one.
    private let isSparse: Bool
    private(set) var deadline: NIODeadline?
    private var hasTakenTurn = false

    init(isWanted: Bool = false, isSparse: Bool = false) {
        self.isWanted = isWanted
        self.isSparse = isSparse
    }

    /// Client: the first flight has left.
    mutating func flightSent(now: NIODeadline) {
        if isWanted { deadline = now + PathMemory.repetitionDelay }
    }

    /// A probe of the handshake has left, the `count`th without an answer. Where nothing was heard yet the server may be overwhelmed and the
    /// path sound: there it takes more of them, unless the path is known to lose packets.
    mutating func probeSent(_ count: Int, hasHeardPeer: Bool, now: NIODeadline) {
        guard hasHeardPeer || !isSparse else { return }
        let patience = hasHeardPeer || isWanted ? Self.patience : Self.patienceWithStrangers
        if count >= patience { deadline = now + PathMemory.repetitionDelay }
    }

    /// Probes without an answer from which on each goes twice.
    static let patience = 2
    /// The same where nothing was ever heard: from 1.7 s after the first flight on.
    static let patienceWithStrangers = 4

    /// - Returns: true once, when the time has come.
    mutating func isDue(now: NIODeadline) -> Bool {
        guard let deadline, deadline <= now else { return false }
        self.deadline = nil
        return true
    }

    /// The peer has sent its flight again.
    ///
    /// - Returns: true for the first time.
    mutating func takeTurn() -> Bool {
        defer { hasTakenTurn = true }
        return !hasTakenTurn
    }
}
