import NIOCore

/// When to send again what nobody has answered. A chat sends one packet and waits, so nothing after it reveals its loss and this
/// timer decides the tail. It differs from RFC 9002 §6.2 in two ways: it counts from the oldest packet that waits, not the latest
/// sent; and it backs off by halves with a cap, since a few hundred bytes a second congest nothing.
struct ProbeTimer {
    /// A probe's timeout grows by half, not by doubling.
    static let backoffNumerator: Int64 = 3
    static let backoffDenominator: Int64 = 2
    /// The first probe is as likely to be lost as what it repeats; only silence after it says something.
    static let probesWithoutBackoff = 1
    /// Between probes of a silent path, unless its probe timeout itself is longer.
    static let maximumInterval = TimeAmount.seconds(1)
    /// The same of a handshake whose other end was heard: both wait for it, and a flight is small from then on.
    static let maximumHandshakeInterval = TimeAmount.milliseconds(500)
    /// After so much silence the user has put the phone away.
    static let patience = TimeAmount.seconds(30)
    static let maximumIntervalAfterPatience = TimeAmount.seconds(5)

    /// While something is acknowledged in each quarter of a round trip, loss detection finds what was lost, and what is late waits in a
    /// queue that grows: a probe would be a second copy in it.
    static let flowDivisor: Int64 = 4

    /// How many variations of the round trip an answer may be late before a probe asks for it. The more packets are lost, the likelier
    /// it is that the missing answer will never come: the timer fires where being lost is as likely as being late, for a round trip
    /// spread normally (whose standard deviation is 1.25 of the mean deviation that the estimate keeps).
    static func variations(roundTripLoss: Double) -> Double {
        for (loss, variations) in lateness where roundTripLoss >= loss { return variations }
        return 4
    }

    /// Round-trip loss and 1.25 times the normal distribution's quantile that it leaves.
    private static let lateness: [(Double, Double)] = [(0.2, 1.5), (0.1, 1.8), (0.05, 2.1), (0.02, 2.6), (0.01, 3)]

    private(set) var firedCount = 0
    private var firstFired: NIODeadline?
    private var lastFired: NIODeadline?

    /// - Parameters:
    ///   - base: the probe timeout without back-off.
    ///   - maximum: where the back-off ends, until patience does.
    ///   - oldest: when the oldest packet that waits was sent.
    func deadline(base: TimeAmount, maximum: TimeAmount = maximumInterval, oldest: NIODeadline) -> NIODeadline {
        let start = lastFired.map { max($0, oldest) } ?? oldest
        return start + interval(base: base, maximum: maximum)
    }

    func interval(base: TimeAmount, maximum: TimeAmount = maximumInterval) -> TimeAmount {
        var isPatient = true
        if let firstFired, let lastFired { isPatient = lastFired - firstFired < Self.patience }
        let cap = max(base, isPatient ? maximum : Self.maximumIntervalAfterPatience)
        var interval = base
        for _ in 0..<max(0, firedCount - Self.probesWithoutBackoff) where interval < cap {
            interval = .nanoseconds(interval.nanoseconds / Self.backoffDenominator * Self.backoffNumerator)
        }
        return min(interval, cap)
    }

    mutating func fired(now: NIODeadline) {
        firedCount += 1
        if firstFired == nil { firstFired = now }
        lastFired = now
    }

    /// The peer has acknowledged something new, or has broken a silence.
    mutating func reset() { self = ProbeTimer() }
}
