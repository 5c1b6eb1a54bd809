import NIOCore

/// What a client remembers of a network between two connections: where the next one begins (RFC 9002 §6.2.2 allows it).
package struct PathMemory: Sendable, Equatable {
    package var smoothedRTT: TimeAmount
    package var rttVariation: TimeAmount
    /// Share of packets lost, 0...1.
    package var lossRate: Double
    /// How long silence may last; nil when that was not learned.
    package var keepAlive: KeepAliveMemory?

    package init(
        smoothedRTT: TimeAmount, rttVariation: TimeAmount, lossRate: Double, keepAlive: KeepAliveMemory? = nil
    ) {
        self.smoothedRTT = smoothedRTT
        self.rttVariation = rttVariation
        self.lossRate = lossRate
        self.keepAlive = keepAlive
    }

    /// nil while nothing was measured, or when it is nothing that a network could be.
    package init?(_ statistics: ConnectionStatistics) {
        guard let smoothed = statistics.smoothedRTT else { return nil }
        self.init(
            smoothedRTT: smoothed, rttVariation: statistics.rttVariation,
            lossRate: max(statistics.forwardLoss, statistics.backwardLoss), keepAlive: statistics.keepAlive)
        guard isPlausible else { return nil }
    }

    /// Values from a disk are looked at before use.
    package var isPlausible: Bool {
        (1_000...10_000_000_000).contains(smoothedRTT.nanoseconds)
            && (0...10_000_000_000).contains(rttVariation.nanoseconds)
            && (0...1).contains(lossRate) && keepAlive?.isPlausible ?? true
    }

    /// From this share of losses on, the first flight goes twice: one round trip in ten is lost otherwise.
    static let lossyRate = 0.05
    /// Between the two: longer than the short bursts of a radio link, shorter than a round trip.
    static let repetitionDelay = TimeAmount.milliseconds(20)

    var isLossy: Bool { lossRate >= Self.lossyRate }
}
