import NIOCore

/// Declares packets lost when later ones have been acknowledged, RFC 9002 §6.1. Radio links with parallel bearers reorder as a
/// rule, so both thresholds grow when a loss turns out to be none.
struct LossDetection {
    /// RFC 9002 §6.1.1.
    static let initialPacketThreshold: UInt64 = 3
    static let maximumPacketThreshold: UInt64 = 64
    /// 9/8 of the round trip, in eighths; RFC 9002 §6.1.2.
    static let initialTimeThresholdEighths: Int64 = 9
    static let maximumTimeThresholdEighths: Int64 = 16

    private(set) var packetThreshold = initialPacketThreshold
    private(set) var timeThresholdEighths = initialTimeThresholdEighths

    func delay(_ rtt: RTTEstimator) -> TimeAmount {
        let nanoseconds = rtt.conservative.nanoseconds / 8 * timeThresholdEighths
        return max(.nanoseconds(nanoseconds), RTTEstimator.granularity)
    }

    /// Settles lost packets in `sent`; what is to be sent again is appended to `frames`.
    ///
    /// - Returns: when the next packet is lost unless acknowledged before.
    func detect(
        in sent: inout SentPackets, largestAcknowledged: UInt64, rtt: RTTEstimator, now: NIODeadline,
        frames: inout ContiguousArray<SentFrame>, lost: inout LostPackets
    ) -> NIODeadline? {
        let delay = delay(rtt)
        var next: NIODeadline?
        sent.review(into: &frames) { packet in
            guard packet.number < largestAcknowledged else { return .stop }
            if packet.time + delay <= now || largestAcknowledged - packet.number >= packetThreshold {
                lost.add(packet)
                return .lost
            }
            if next == nil { next = packet.time + delay }
            return .keep
        }
        return next
    }

    /// A packet declared lost has arrived after all, `distance` packet numbers behind the largest acknowledged.
    mutating func sawSpuriousLoss(distance: UInt64) {
        packetThreshold = min(max(packetThreshold, distance &+ 1), Self.maximumPacketThreshold)
        timeThresholdEighths = min(timeThresholdEighths + 1, Self.maximumTimeThresholdEighths)
    }

    /// On another path the order of packets is unknown again.
    mutating func reset() { self = LossDetection() }
}

/// What is known of packets that were declared lost together.
struct LostPackets {
    private(set) var count = 0
    private(set) var bytes = 0
    /// When the latest of them was sent.
    private(set) var latest: NIODeadline?
    /// Of packets above the base size.
    private(set) var largeCount = 0
    private(set) var lowestLarge: UInt64?

    mutating func add(_ packet: SentPacket) {
        bytes += packet.bytes
        guard !packet.isMTUProbe else { return }
        count += 1
        if packet.isLarge {
            largeCount += 1
            lowestLarge = lowestLarge.map { min($0, packet.number) } ?? packet.number
        }
        latest = latest.map { max($0, packet.time) } ?? packet.time
    }
}
