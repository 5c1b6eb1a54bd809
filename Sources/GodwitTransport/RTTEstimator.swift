import NIOCore

/// Round trip statistics, RFC 9002 §5.
struct RTTEstimator {
    private(set) var latest: TimeAmount?
    private(set) var minimum: TimeAmount?
    /// The initial value before the first sample.
    private(set) var smoothed: TimeAmount
    private(set) var variation: TimeAmount

    /// RFC 9002 §6.1.2.
    static let granularity = TimeAmount.milliseconds(1)

    init(initial: TimeAmount) {
        smoothed = initial
        variation = .nanoseconds(initial.nanoseconds / 2)
    }

    var hasSample: Bool { latest != nil }

    /// - Parameter acknowledgementDelay: what the peer says it waited, already capped at what it may wait.
    mutating func update(sample: TimeAmount, acknowledgementDelay: TimeAmount) {
        let sample = max(sample, .nanoseconds(1))
        guard let minimum, latest != nil else {
            latest = sample
            self.minimum = sample
            smoothed = sample
            variation = .nanoseconds(sample.nanoseconds / 2)
            return
        }
        latest = sample
        let lowest = min(minimum, sample)
        self.minimum = lowest
        // The delay is subtracted unless that would go below the minimum (§5.3).
        let adjusted =
            sample.nanoseconds >= lowest.nanoseconds + acknowledgementDelay.nanoseconds
            ? sample.nanoseconds - acknowledgementDelay.nanoseconds : sample.nanoseconds
        let deviation = abs(smoothed.nanoseconds - adjusted)
        variation = .nanoseconds((3 * variation.nanoseconds + deviation) / 4)
        smoothed = .nanoseconds((7 * smoothed.nanoseconds + adjusted) / 8)
    }

    /// RFC 9002 §6.2.1, without back-off.
    func probeTimeout(acknowledgementDelay: TimeAmount) -> TimeAmount {
        let spread = max(4 * variation.nanoseconds, Self.granularity.nanoseconds)
        return .nanoseconds(smoothed.nanoseconds + spread + acknowledgementDelay.nanoseconds)
    }

    /// max(smoothed, latest), the base of the time threshold (RFC 9002 §6.1.2).
    var conservative: TimeAmount { max(smoothed, latest ?? smoothed) }
}
