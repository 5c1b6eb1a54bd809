import Glibc
import NIOCore

/// CUBIC (RFC 9438): a loss-based window that grows with the cube of the time since the last loss.
struct CubicController: CongestionController {
    /// RFC 9438 §5.1, in packets a second cubed.
    static let scale = 0.4
    /// RFC 9438 §4.6.
    static let reduction = 0.7
    /// For a mark: a router that marks has a short queue, so less is enough (RFC 8511).
    static let reductionByMark = 0.85
    /// Additive growth that is as fast as Reno's with that reduction (RFC 9438 §4.3).
    static let friendlyGrowth = 3 * (1 - reduction) / (1 + reduction)
    /// In datagrams; RFC 6928.
    static let initialWindow = 10
    static let minimumWindow = 2
    /// Bounds the memory of unacknowledged packets; 16 MiB fill 1 Gbit/s at 130 ms.
    static let maximumWindowBytes = 16 << 20

    private let datagram: Int
    private(set) var windowBytes: Int
    private var slowStartThreshold = Int.max
    private var recoveryStart: NIODeadline?
    /// The present period without loss.
    private var epoch: Epoch?
    /// The window before the last loss, in datagrams.
    private var windowBeforeLoss = 0.0
    /// Growth of less than a byte is kept for the next acknowledgement.
    private var remainder = 0.0
    private var smoothedRoundTrip: Double?

    private struct Epoch {
        let start: NIODeadline
        /// In datagrams.
        let origin: Double
        /// When the curve reaches `origin`, in seconds.
        let rise: Double
        var friendlyWindow: Double
    }

    init(maximumDatagramBytes: Int) {
        datagram = maximumDatagramBytes
        windowBytes = Self.initialWindow * maximumDatagramBytes
    }

    var pacingRate: Double? { nil }

    mutating func acknowledged(_ news: Acknowledgement) {
        if let roundTrip = news.roundTrip {
            let seconds = Double(roundTrip.nanoseconds) / 1e9
            smoothedRoundTrip = smoothedRoundTrip.map { 0.875 * $0 + 0.125 * seconds } ?? seconds
        }
        if let recoveryStart, news.sentAt <= recoveryStart { return }
        guard news.wasLimited else {
            // Time in which the application sent little must not count as growth (RFC 9438 §5.8).
            epoch = nil
            return
        }
        if windowBytes < slowStartThreshold {
            windowBytes = min(windowBytes + news.bytes, Self.maximumWindowBytes)
        } else {
            avoidCongestion(news)
        }
    }

    private mutating func avoidCongestion(_ news: Acknowledgement) {
        let window = Double(windowBytes) / Double(datagram)
        var epoch = epoch ?? beginEpoch(window, now: news.now)
        let acknowledged = Double(news.bytes) / Double(datagram)
        epoch.friendlyWindow += Self.friendlyGrowth * acknowledged / window
        self.epoch = epoch
        let time = Double((news.now - epoch.start).nanoseconds) / 1e9 + (smoothedRoundTrip ?? 0)
        let distance = time - epoch.rise
        let cubic = Self.scale * distance * distance * distance + epoch.origin
        // RFC 9438 §4.2: at most half as much again within a round trip.
        let target = min(max(cubic, epoch.friendlyWindow, window), 1.5 * window)
        remainder += (target - window) / window * acknowledged * Double(datagram)
        let whole = remainder.rounded(.down)
        remainder -= whole
        windowBytes = min(windowBytes + Int(whole), Self.maximumWindowBytes)
    }

    private func beginEpoch(_ window: Double, now: NIODeadline) -> Epoch {
        let origin = max(windowBeforeLoss, window)
        return Epoch(
            start: now, origin: origin, rise: cbrt((origin - window) / Self.scale), friendlyWindow: window)
    }

    mutating func lost(bytes: Int, latestSent: NIODeadline, now: NIODeadline) {
        reduce(to: Self.reduction, sentAt: latestSent, now: now)
    }

    mutating func experienced(sentAt: NIODeadline, inFlight: Int, now: NIODeadline) {
        reduce(to: Self.reductionByMark, sentAt: sentAt, now: now)
    }

    private mutating func reduce(to share: Double, sentAt latestSent: NIODeadline, now: NIODeadline) {
        // One reduction a round trip: losses of packets sent before it belong to the same event.
        if let recoveryStart, latestSent <= recoveryStart { return }
        recoveryStart = now
        let window = Double(windowBytes) / Double(datagram)
        // Fast convergence (RFC 9438 §4.7): who has less than before leaves room for others.
        windowBeforeLoss = window < windowBeforeLoss ? window * (1 + share) / 2 : window
        windowBytes = max(Int(Double(windowBytes) * share), Self.minimumWindow * datagram)
        slowStartThreshold = windowBytes
        epoch = nil
        remainder = 0
    }

    mutating func pathChanged() { self = CubicController(maximumDatagramBytes: datagram) }

    // MARK: Rest

    struct Resting {
        fileprivate let windowBytes: Int
        fileprivate let slowStartThreshold: Int
        fileprivate let windowBeforeLoss: Double
        fileprivate let smoothedRoundTrip: Double?
    }

    var resting: Resting {
        Resting(
            windowBytes: windowBytes, slowStartThreshold: slowStartThreshold, windowBeforeLoss: windowBeforeLoss,
            smoothedRoundTrip: smoothedRoundTrip)
    }

    mutating func wake(_ resting: Resting) {
        windowBytes = resting.windowBytes
        slowStartThreshold = resting.slowStartThreshold
        windowBeforeLoss = resting.windowBeforeLoss
        smoothedRoundTrip = resting.smoothedRoundTrip
    }
}
