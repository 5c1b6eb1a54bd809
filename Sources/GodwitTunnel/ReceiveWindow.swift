import NIOCore

/// How many bytes the peer may send: what has been passed on to the program, and a window beyond that. The window begins
/// small and grows while a program takes it quickly, so that an idle or slow tunnel costs little memory
/// (the idea of Linux's receive buffer auto-tuning).
struct ReceiveWindow {
    private(set) var received: UInt64 = 0
    private var passedOn: UInt64 = 0
    /// The limit that the peer knows.
    private var told = UInt64(TunnelLimits.initialWindow)
    private var size = UInt64(TunnelLimits.initialWindow)
    private let maximum: UInt64
    /// When, and at which count, the measurement of the program's speed began.
    private var measured: (since: NIODeadline, from: UInt64)?

    /// A program that takes a whole window within this time could use a larger one on a path of such a round trip.
    private static let growthTime = TimeAmount.seconds(1)

    init(maximum: Int) { self.maximum = UInt64(max(maximum, TunnelLimits.initialWindow)) }

    /// Bytes that have arrived and are not passed on.
    var unread: Int { Int(received - passedOn) }

    /// False when that is more than was allowed; nothing is counted then.
    mutating func receive(_ count: Int) -> Bool {
        guard UInt64(count) <= told - received else { return false }
        received += UInt64(count)
        return true
    }

    /// The program has taken so many of the bytes that arrived.
    mutating func passOn(_ count: Int, now: NIODeadline) {
        passedOn += min(UInt64(count), received - passedOn)
        guard let measured else {
            self.measured = (now, passedOn)
            return
        }
        guard passedOn - measured.from >= size else { return }
        if now - measured.since <= Self.growthTime { size = min(2 * size, maximum) }
        self.measured = (now, passedOn)
    }

    /// The new limit to tell, once it is worth a frame: a quarter of a window, so that the sender need not wait.
    mutating func creditDue() -> UInt64? {
        let limit = passedOn + size
        guard isCreditDue else { return nil }
        told = limit
        return limit
    }

    var isCreditDue: Bool { passedOn + size >= told + min(size / 4, UInt64(TunnelLimits.initialWindow / 4)) }
}
