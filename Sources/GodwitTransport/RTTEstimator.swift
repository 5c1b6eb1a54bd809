import NIOCore

/// Round trip statistics, RFC 9002 §5.
struct RTTEstimator {
    private(set) var latest: TimeAmount?
    private(set) var minimum: TimeAmount?
    /// The initial value before the first sample.
    private(set) var smoothed: TimeAmount
    private(set) var variation: TimeAmount
    /// Nothing but the handshake was measured so far.
    private var isOfHandshake = false

    /// RFC 9002 §5.3 takes half of the first sample, so that the first probes wait for three round trips; a quarter makes it two. The
    /// first messages are as dear as later ones, and a probe too early costs one small packet.
    static let initialVariationDivisor: Int64 = 4
    /// RFC 9002 §6.1.2.
    static let granularity = TimeAmount.milliseconds(1)

    init(initial: TimeAmount) {
        smoothed = initial
        variation = .nanoseconds(initial.nanoseconds / 2)
    }

    /// Begins where the last connection on the same network ended.
    init(remembered memory: PathMemory) {
        smoothed = memory.smoothedRTT
        variation = max(memory.rttVariation, .nanoseconds(memory.smoothedRTT.nanoseconds / 8))
    }

    var hasSample: Bool { latest != nil }

    /// - Parameters:
    ///   - acknowledgementDelay: how long the peer says it waited. It is believed in full, unlike in RFC 9002 §5.3: on a lossy path the
    ///     acknowledgement that arrives may be a repetition, seconds after the first, and a peer that lies about it harms only what it is
    ///     sent itself.
    ///   - isOfHandshake: between packets of a handshake both ends reckon, for milliseconds or, when a thousand clients come back at once,
    ///     for much longer. The first sample without that begins anew if it is shorter: else it takes ten messages to forget.
    mutating func update(sample: TimeAmount, acknowledgementDelay: TimeAmount, isOfHandshake: Bool = false) {
        let waited = sample > acknowledgementDelay ? acknowledgementDelay.nanoseconds : 0
        let adjusted = max(sample.nanoseconds - waited, 1)
        let isFirst = latest == nil || (self.isOfHandshake && !isOfHandshake && adjusted < smoothed.nanoseconds)
        self.isOfHandshake = isOfHandshake && (isFirst || self.isOfHandshake)
        latest = .nanoseconds(adjusted)
        minimum = min(minimum ?? .nanoseconds(adjusted), .nanoseconds(adjusted))
        guard !isFirst else {
            smoothed = .nanoseconds(adjusted)
            variation = .nanoseconds(adjusted / Self.initialVariationDivisor)
            return
        }
        let deviation = abs(smoothed.nanoseconds - adjusted)
        variation = .nanoseconds((3 * variation.nanoseconds + deviation) / 4)
        smoothed = .nanoseconds((7 * smoothed.nanoseconds + adjusted) / 8)
    }

    /// RFC 9002 §6.2.1, without back-off; that RFC allows for four variations.
    func probeTimeout(acknowledgementDelay: TimeAmount, variations: Double = 4) -> TimeAmount {
        let spread = max(Int64(variations * Double(variation.nanoseconds)), Self.granularity.nanoseconds)
        return .nanoseconds(smoothed.nanoseconds + spread + acknowledgementDelay.nanoseconds)
    }

    /// max(smoothed, latest), the base of the time threshold (RFC 9002 §6.1.2).
    var conservative: TimeAmount { max(smoothed, latest ?? smoothed) }
}
