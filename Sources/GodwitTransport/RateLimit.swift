import NIOCore

/// At most so many events a second, with bursts of one second's worth. Kept as the time up to which the allowance is used.
struct RateLimit {
    private let interval: Int64
    private var usedUpTo: NIODeadline?

    private static let burst = TimeAmount.seconds(1)

    /// - Parameter perSecond: 1 or more.
    init(perSecond: Int) { interval = Self.burst.nanoseconds / Int64(max(1, perSecond)) }

    /// - Returns: whether one more event may happen now, which is then counted.
    mutating func take(now: NIODeadline) -> Bool {
        let used = max(usedUpTo ?? now, now)
        guard used - now <= Self.burst - .nanoseconds(interval) else { return false }
        usedUpTo = used + .nanoseconds(interval)
        return true
    }
}
