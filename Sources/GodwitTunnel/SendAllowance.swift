import NIOCore

/// How many bytes tunnels may have in the session's queue: about as much as the network takes in a second or two. More would only
/// make other messages of the session, and the other tunnels, wait behind it.
///
/// It is measured, since the session shows nothing but what is acknowledged: when the bytes of one allowance took less than
/// a second the allowance doubles, when they took more than three it halves. How fast packets go is the transport's concern.
struct SendAllowance {
    static let range = (32 << 10)...(1 << 20)
    private static let quick = TimeAmount.seconds(1)
    private static let slow = TimeAmount.seconds(3)

    private(set) var bytes = 64 << 10
    private var given: UInt64 = 0
    private var round: Round?

    private struct Round {
        let since: NIODeadline
        /// It ends when so many bytes are acknowledged.
        let target: UInt64
        /// A tunnel had more to send than it was allowed.
        var wasLimiting = false
    }

    /// Whether more may be given to the session, which has `backlog` unacknowledged bytes.
    mutating func permits(backlog: Int, now: NIODeadline) -> Bool {
        endRound(backlog: backlog, now: now)
        guard backlog >= bytes else { return true }
        round?.wasLimiting = true
        return false
    }

    mutating func gave(_ count: Int, now: NIODeadline) {
        given += UInt64(count)
        if round == nil { round = Round(since: now, target: given) }
    }

    private mutating func endRound(backlog: Int, now: NIODeadline) {
        // What others have in the queue counts as ours: that errs on the side of less.
        guard let round, given - min(given, UInt64(backlog)) >= round.target else { return }
        self.round = nil
        let took = now - round.since
        if took > Self.slow {
            bytes = max(bytes / 2, Self.range.lowerBound)
        } else if took < Self.quick, round.wasLimiting {
            bytes = min(2 * bytes, Self.range.upperBound)
        }
    }
}
