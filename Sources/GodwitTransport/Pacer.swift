import NIOCore

/// Spreads bulk over the round trip (RFC 9002 §7.7): a bucket of bytes that fills at 5/4 of the window a round trip.
struct Pacer {
    /// What may leave at once, in datagrams: a thin chat never waits.
    static let burst = 16
    static let rateNumerator = 5
    static let rateDenominator = 4

    private let capacity: Int
    private var tokens: Int
    private var filled: NIODeadline?

    init(maximumDatagramBytes: Int) {
        capacity = Self.burst * maximumDatagramBytes
        tokens = capacity
    }

    mutating func refill(now: NIODeadline, windowBytes: Int, rtt: TimeAmount) {
        guard let last = filled, now > last else {
            if filled == nil { filled = now }
            return
        }
        let elapsed = Double((now - last).nanoseconds)
        let gained = elapsed * Self.bytesPerNanosecond(windowBytes: windowBytes, rtt: rtt)
        guard gained >= 1 else { return }
        tokens = gained >= Double(capacity) ? capacity : min(capacity, tokens + Int(gained))
        filled = now
    }

    /// A packet leaves when the bucket is not empty, and may overdraw it.
    var isOpen: Bool { tokens > 0 }

    mutating func sent(bytes: Int) { tokens -= bytes }

    /// When the bucket will have something again.
    func deadline(windowBytes: Int, rtt: TimeAmount) -> NIODeadline? {
        guard tokens <= 0, let filled else { return nil }
        let wait = Double(1 - tokens) / Self.bytesPerNanosecond(windowBytes: windowBytes, rtt: rtt)
        return filled + .nanoseconds(Int64(wait.rounded(.up)) + 1)
    }

    private static func bytesPerNanosecond(windowBytes: Int, rtt: TimeAmount) -> Double {
        Double(windowBytes * rateNumerator / rateDenominator) / Double(max(rtt.nanoseconds, 1))
    }
}
