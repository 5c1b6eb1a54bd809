import NIOCore

/// NewReno (RFC 9002 §7) with a floor of 16 packets: radio loss says nothing about congestion, and below the floor a lossy link
/// would starve. On a slow link the floor's queue is bounded by pacing and by the growth of the round trip.
struct RenoController: CongestionController {
    /// In datagrams.
    static let minimumWindow = 16
    static let initialWindow = 32
    /// CUBIC's 0.7 rather than RFC 9002's 0.5 (RFC 9438 §4.6).
    static let reduction = 0.7
    /// Bounds the memory of unacknowledged packets; 16 MiB fill 1 Gbit/s at 130 ms.
    static let maximumWindowBytes = 16 << 20

    private let datagram: Int
    private(set) var windowBytes: Int
    private var slowStartThreshold = Int.max
    private var recoveryStart: NIODeadline?
    private var acknowledgedInAvoidance = 0

    init(maximumDatagramBytes: Int) {
        datagram = maximumDatagramBytes
        windowBytes = Self.initialWindow * maximumDatagramBytes
    }

    mutating func acknowledged(bytes: Int, sentAt: NIODeadline, wasLimited: Bool, now: NIODeadline) {
        if let recoveryStart, sentAt <= recoveryStart { return }
        guard wasLimited else { return }
        if windowBytes < slowStartThreshold {
            windowBytes += bytes
        } else {
            acknowledgedInAvoidance += bytes
            if acknowledgedInAvoidance >= windowBytes {
                acknowledgedInAvoidance -= windowBytes
                windowBytes += datagram
            }
        }
        windowBytes = min(windowBytes, Self.maximumWindowBytes)
    }

    mutating func lost(bytes: Int, latestSent: NIODeadline, now: NIODeadline) {
        // One reduction a round trip: losses of packets sent before it belong to the same event.
        if let recoveryStart, latestSent <= recoveryStart { return }
        recoveryStart = now
        windowBytes = max(Int(Double(windowBytes) * Self.reduction), Self.minimumWindow * datagram)
        slowStartThreshold = windowBytes
        acknowledgedInAvoidance = 0
    }

    mutating func pathChanged() { self = RenoController(maximumDatagramBytes: datagram) }
}
