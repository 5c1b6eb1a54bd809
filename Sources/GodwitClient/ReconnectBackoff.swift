import GodwitWire
import NIOCore

/// How long to wait before the next attempt: fast first, growing, capped low, because a blackout must be over for the
/// user about when it is over for the radio.
struct ReconnectBackoff: Sendable {
    static let first: TimeAmount = .milliseconds(100)
    static let growth = 1.6
    /// The cap while the user waits for something, or in the first minutes of an outage.
    static let eagerCap: TimeAmount = .seconds(3)
    /// The cap of an idle client in a long outage: a server that comes back must not meet everybody at once.
    static let idleCap: TimeAmount = .seconds(30)
    static let eagerPeriod: TimeAmount = .minutes(5)
    /// Each wait is drawn from this share of the nominal one.
    static let jitter = 0.75...1.25

    private(set) var failures = 0

    mutating func reset() { failures = 0 }

    mutating func fail() { failures = min(failures + 1, 64) }

    /// The wait after the failures so far, jittered.
    func delay(eager: Bool, random: RandomSource) -> TimeAmount {
        let cap = Double((eager ? Self.eagerCap : Self.idleCap).nanoseconds)
        var nominal = Double(Self.first.nanoseconds)
        for _ in 0..<max(0, failures - 1) where nominal < cap { nominal *= Self.growth }
        let share = Self.jitter.lowerBound + (Self.jitter.upperBound - Self.jitter.lowerBound) * random.uniform()
        return .nanoseconds(Int64(min(nominal, cap) * share))
    }
}
