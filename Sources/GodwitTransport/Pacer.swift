import NIOCore

/// Spreads bulk over time (RFC 9002 §7.7): a bucket of bytes that fills at a rate.
struct Pacer {
    /// What may leave at once, in datagrams: a thin chat never waits.
    static let burst = 16
    /// On a slow path a burst is a queue, so it is also bounded in time, but not below this many datagrams.
    static let slowBurst = 4
    static let burstTime = 0.02
    /// In seconds: what gathers meanwhile leaves at once, by one timer and one system call.
    static let quantumTime = 0.002

    private let datagram: Int
    private var tokens: Int
    private var filled: NIODeadline?

    init(maximumDatagramBytes: Int) {
        datagram = maximumDatagramBytes
        tokens = Self.burst * maximumDatagramBytes
    }

    /// - Parameter rate: bytes a second.
    mutating func refill(now: NIODeadline, rate: Double) {
        let capacity = min(max(Int(min(rate, 1e12) * Self.burstTime), Self.slowBurst * datagram), Self.burst * datagram)
        guard let last = filled, now > last else {
            if filled == nil {
                filled = now
                tokens = capacity
            }
            return
        }
        let gained = Double((now - last).nanoseconds) * rate / 1e9
        guard gained >= 1 else { return }
        tokens = gained >= Double(capacity - tokens) ? max(capacity, 0) : tokens + Int(gained)
        filled = now
    }

    /// A packet leaves when the bucket is not empty, and may overdraw it.
    var isOpen: Bool { tokens > 0 }

    mutating func sent(bytes: Int) { tokens -= bytes }

    /// When the bucket will be worth a visit again.
    func deadline(rate: Double) -> NIODeadline? {
        guard tokens <= 0, let filled, rate > 0 else { return nil }
        let quantum = min(max(rate * Self.quantumTime, 1), Double(Self.burst * datagram))
        let wait = min((quantum - Double(tokens)) * 1e9 / rate, 60e9)
        return filled + .nanoseconds(Int64(wait.rounded(.up)) + 1)
    }
}
