import NIOCore

/// Measures how fast the path delivers (draft-cheng-iccrg-delivery-rate-estimation): each packet remembers what had been delivered when
/// it was sent, and its acknowledgement tells how much more has been since.
struct DeliveryRate {
    /// What a packet remembers.
    struct Mark {
        fileprivate let delivered: Int
        fileprivate let deliveredAt: NIODeadline
        fileprivate let firstSentAt: NIODeadline
        fileprivate let isApplicationLimited: Bool
    }

    struct Sample {
        /// Bytes a second; nil when too little time has passed to tell.
        let bytesPerSecond: Double?
        /// The application had no more to send: the path may be faster.
        let isApplicationLimited: Bool
        /// All that had been delivered when the packet left: when that is beyond the last round's end, a round trip is over.
        let deliveredBefore: Int
        let delivered: Int
    }

    private(set) var delivered = 0
    private var deliveredAt: NIODeadline?
    private var firstSentAt: NIODeadline?
    /// Until so much is delivered, samples tell about the application.
    private var limitedUntil = 0

    mutating func mark(inFlight: Int, now: NIODeadline) -> Mark {
        if inFlight == 0 {
            firstSentAt = now
            deliveredAt = now
            // What follows a pause came when the application wanted it, however much follows.
            limitedUntil = max(limitedUntil, delivered + 1)
        }
        return Mark(
            delivered: delivered, deliveredAt: deliveredAt ?? now, firstSentAt: firstSentAt ?? now,
            isApplicationLimited: delivered < limitedUntil)
    }

    /// Nothing more wants to leave, although it could.
    mutating func ranDry(inFlight: Int) { limitedUntil = delivered + max(inFlight, 1) }

    /// - Parameters:
    ///   - mark: of the acknowledged packet that was sent last.
    ///   - minimumRTT: shorter intervals measure bunched acknowledgements, not the path.
    mutating func acknowledged(
        bytes: Int, _ mark: Mark, sentAt: NIODeadline, minimumRTT: TimeAmount?, now: NIODeadline
    ) -> Sample {
        delivered += bytes
        deliveredAt = now
        firstSentAt = sentAt
        let sending = sentAt - mark.firstSentAt
        let acknowledging = now - mark.deliveredAt
        let interval = max(sending, acknowledging)
        var rate: Double?
        if interval > .nanoseconds(0), interval >= minimumRTT ?? .nanoseconds(0) {
            rate = Double(delivered - mark.delivered) * 1e9 / Double(interval.nanoseconds)
        }
        return Sample(
            bytesPerSecond: rate, isApplicationLimited: mark.isApplicationLimited, deliveredBefore: mark.delivered,
            delivered: delivered)
    }
}
