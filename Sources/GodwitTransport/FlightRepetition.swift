import NIOCore

/// A flight once more, a little later. The first one on a network that lost packets at the last visit: with it lost, everything waits for
/// a timer that knows no round trip yet. The peer of one that does so answers in kind. And all once two probes had no answer.
struct FlightRepetition {
    private let isWanted: Bool
    private(set) var deadline: NIODeadline?
    private var hasTakenTurn = false

    init(isWanted: Bool) { self.isWanted = isWanted }

    /// Client: the first flight has left.
    mutating func flightSent(now: NIODeadline) {
        if isWanted { deadline = now + PathMemory.repetitionDelay }
    }

    /// A probe of the handshake has left, and one before it had no answer.
    mutating func probeSent(now: NIODeadline) { deadline = now + PathMemory.repetitionDelay }

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
