import NIOCore

/// What a round trip takes when no queue of ours is in it, told in two ways. The shortest sample is what BBR goes by; but where each
/// packet draws its own delay, as on radio, that is luck which no second packet has, and a window reckoned from it is too small for
/// the path. The lowest average says what a packet may expect.
struct UnqueuedRoundTrip {
    /// The average of so few samples is their mean and may rise. Not more: a first flight soon meets the queue that it makes itself.
    static let firstSamples: Int64 = 3
    /// Later each sample counts an eighth, as in RFC 9002 §5.3.
    static let averagedSamples: Int64 = 8
    /// A queue makes the average longer by half; scatter alone hardly does.
    static let queuedFactor = 1.5
    /// What is older is measured anew.
    static let memory = TimeAmount.seconds(10)

    private(set) var shortest: TimeAmount?
    /// The lowest average; at least ``shortest``.
    private(set) var typical: TimeAmount?
    private var shortestAt = NIODeadline.distantPast
    /// In nanoseconds.
    private var average: Int64 = 0
    private var samples: Int64 = 0

    mutating func add(_ sample: TimeAmount, now: NIODeadline) {
        samples = min(samples + 1, Self.averagedSamples)
        average += (sample.nanoseconds - average) / samples
        let average = TimeAmount.nanoseconds(average)
        typical = samples <= Self.firstSamples ? average : min(typical ?? average, average)
        if shortest.map({ sample <= $0 }) ?? true {
            shortest = sample
            shortestAt = now
        }
    }

    /// So many times the shortest, less what round trips scatter.
    func steadied(gain: Double) -> TimeAmount? {
        guard let shortest, let typical else { return nil }
        let scatter = typical.nanoseconds - shortest.nanoseconds
        return .nanoseconds(Int64(gain * Double(shortest.nanoseconds)) - scatter)
    }

    /// A queue stands in the path now.
    var isQueued: Bool { isQueue(.nanoseconds(average)) }

    /// An average so far above the lowest has a queue in it.
    func isQueue(_ average: TimeAmount) -> Bool {
        guard let typical else { return false }
        return Double(average.nanoseconds) > Self.queuedFactor * Double(typical.nanoseconds)
    }

    /// Nothing as short as the shortest was seen for long: the path may have changed.
    func isOld(now: NIODeadline) -> Bool { shortest != nil && now - shortestAt > Self.memory }
}
