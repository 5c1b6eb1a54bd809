import NIOCore

/// BBR (draft-cardwell-iccrg-bbr-congestion-control-00): a model of the path, its bottleneck's rate and its shortest round trip, decides
/// instead of losses. So radio loss does not slow it down.
///
/// Three things are its own. Packets that the path will lose are sent on top: the bottleneck's rate is measured behind the loss, so at
/// 40 % a sender at that rate would measure less each time. What overflows a queue is not among them, or who shares it would starve.
/// Startup ends as well when round trips say that a queue builds: on a 32 kbit/s link three rounds without growth would be a queue of
/// seconds. And where delays scatter, the path holds as much as a typical round trip tells, not the shortest.
struct BBRController: CongestionController {
    enum Phase { case startup, drain, probeBandwidth, probeRTT }

    /// 2/ln 2: doubles the rate each round.
    static let startupGain = 2.885
    static let drainGain = 1 / startupGain
    static let windowGain = 2.0
    /// The same of a typical round trip, which holds no luck that would have to be made up for. Whichever gives more counts.
    static let typicalWindowGain = 1.35
    /// One round each: a little more, as much less, then cruise.
    static let cycle = [1.25, 0.75, 1, 1, 1, 1, 1, 1]
    static let bandwidthRounds = 10
    static let probeRTTDuration = TimeAmount.milliseconds(200)
    /// Startup ends when three rounds have not raised the rate by a quarter.
    static let startupGrowth = 1.25
    static let startupRounds = 3
    /// Or when the shortest round trip of a round exceeds a typical one by half: a queue.
    static let startupDelayFactor = 1.5
    /// A round of fewer samples has not seen its shortest round trip.
    static let startupDelaySamples = 8
    /// In datagrams. RFC 6928's ten are three seconds of a 32 kbit/s link, the most that a user may be made to wait.
    static let initialWindow = 10
    static let minimumWindow = 4
    /// Of the loss so much is made up for. Less than all: what of it we cause ourselves by sending too fast then dies out.
    static let lossCompensation = 0.9
    static let maximumLossCompensated = 0.5
    /// Bounds the memory of unacknowledged packets; 16 MiB fill 1 Gbit/s at 130 ms.
    static let maximumWindowBytes = 16 << 20

    /// What a router's mark or an overflow leaves of the bytes in flight (RFC 8511), once a round, and how much of it each round gives back.
    static let reduction = 0.85
    static let recoveryByRound = 1.0 / 16

    private(set) var phase = Phase.startup
    private let datagram: Int
    private var bandwidth = MaximumFilter(rounds: bandwidthRounds)
    private var roundTrip = UnqueuedRoundTrip()
    private var round = 0
    private var roundEnd = 0
    private var window: Int
    /// By our own count, and as the peer reports it: neither alone is to be trusted.
    private var loss: UnqueuedLoss
    private var reportedLoss = 0.0
    private var roundLosses = RoundLosses()
    /// A router's mark, or a queue that overflowed, allows no more.
    private var ceiling: Int?
    private var reducedAt: NIODeadline?
    // Startup.
    private var fullBandwidth = 0.0
    private var roundsWithoutGrowth = 0
    private var roundShortest: TimeAmount?
    private var roundSamples = 0
    private var isFilled = false
    // Cycle and probing of the round trip.
    private var cycleIndex = 2
    private var cycleStart = NIODeadline.distantPast
    private var probeRTTEnd: NIODeadline?
    private var probedRoundTrip = UnqueuedRoundTrip()

    init(maximumDatagramBytes: Int) {
        datagram = maximumDatagramBytes
        window = Self.initialWindow * maximumDatagramBytes
        loss = UnqueuedLoss(maximumDatagramBytes: maximumDatagramBytes)
    }

    /// Bytes a second that the path delivers, 0 before the first measurement.
    var bandwidthEstimate: Double { bandwidth.value }

    private var pacingGain: Double {
        switch phase {
        case .startup: Self.startupGain
        case .drain: Self.drainGain
        case .probeBandwidth: Self.cycle[cycleIndex]
        case .probeRTT: 1
        }
    }

    private var compensation: Double {
        1 / (1 - Self.lossCompensation * min(loss.share, reportedLoss, Self.maximumLossCompensated))
    }

    var pacingRate: Double? {
        guard bandwidth.value > 0, roundTrip.shortest != nil else { return nil }
        // Until the pipe is full the first, thin samples must not hold back the first window.
        let floor = isFilled ? 0 : initialRate
        return max(bandwidth.value * pacingGain * compensation, floor)
    }

    private var initialRate: Double {
        guard let typical = roundTrip.typical else { return 0 }
        return Double(Self.initialWindow * datagram) * 1e9 / Double(max(typical.nanoseconds, 1))
    }

    var windowBytes: Int {
        let window = min(window, ceiling ?? .max)
        guard phase == .probeRTT else { return window }
        return min(window, probeRTTWindow)
    }

    /// So little on its way makes no queue.
    private var probeRTTWindow: Int { max(bytesOnPath(gain: 0.5), Self.minimumWindow * datagram) }

    /// So many times the bandwidth-delay product.
    private func bytesOnPath(gain: Double) -> Int { bytesOnPath(gain: gain, roundTrip.typical) }

    private func bytesOnPath(gain: Double, _ roundTrip: TimeAmount?) -> Int {
        guard let roundTrip else { return Self.initialWindow * datagram }
        let bytes = bandwidth.value * Double(roundTrip.nanoseconds) / 1e9 * gain * compensation
        return Int(min(bytes, Double(Self.maximumWindowBytes)))
    }

    // MARK: Acknowledgements

    mutating func acknowledged(_ news: Acknowledgement) {
        var isNewRound = false
        if let sample = news.rate {
            if sample.deliveredBefore >= roundEnd {
                roundEnd = sample.delivered
                round += 1
                isNewRound = true
            }
            if let rate = sample.bytesPerSecond, !sample.isApplicationLimited || rate >= bandwidth.value {
                bandwidth.update(rate, round: round)
            }
        }
        if let sample = news.roundTrip { measure(sample, news) }
        reportedLoss = news.loss
        loss.acknowledged(bytes: news.bytes, roundTrip)
        roundLosses.acknowledged(bytes: news.bytes)
        if isNewRound {
            raiseCeiling()
            heedOverflow(news)
            endRound(isLimitedByApplication: news.rate?.isApplicationLimited ?? true)
        }
        advance(news)
        updateWindow(news)
    }

    private mutating func measure(_ sample: TimeAmount, _ news: Acknowledgement) {
        roundShortest = roundShortest.map { min($0, sample) } ?? sample
        roundSamples += 1
        roundTrip.add(sample, now: news.now)
        guard phase != .probeRTT else { return probedRoundTrip.add(sample, now: news.now) }
        guard roundTrip.isOld(now: news.now) else { return }
        if news.inFlight <= probeRTTWindow {
            roundTrip = UnqueuedRoundTrip()
            roundTrip.add(sample, now: news.now)
        } else if isFilled {
            phase = .probeRTT
            probeRTTEnd = nil
        }
    }

    private mutating func endRound(isLimitedByApplication: Bool) {
        defer {
            roundShortest = nil
            roundSamples = 0
            roundLosses = RoundLosses()
        }
        guard !isFilled, !isLimitedByApplication else { return }
        if let roundShortest, let typical = roundTrip.typical, roundSamples >= Self.startupDelaySamples,
            Double(roundShortest.nanoseconds) > Self.startupDelayFactor * Double(typical.nanoseconds)
        {
            isFilled = true
            return
        }
        if bandwidth.value >= fullBandwidth * Self.startupGrowth {
            fullBandwidth = bandwidth.value
            roundsWithoutGrowth = 0
            return
        }
        roundsWithoutGrowth += 1
        if roundsWithoutGrowth >= Self.startupRounds { isFilled = true }
    }

    private mutating func advance(_ news: Acknowledgement) {
        switch phase {
        case .startup:
            if isFilled { phase = .drain }
        case .drain:
            if news.inFlight <= bytesOnPath(gain: 1) { enterProbeBandwidth(news.now) }
        case .probeBandwidth: advanceCycle(news)
        case .probeRTT: advanceProbeRTT(news)
        }
    }

    private mutating func enterProbeBandwidth(_ now: NIODeadline) {
        phase = .probeBandwidth
        cycleIndex = 2
        cycleStart = now
    }

    private mutating func advanceCycle(_ news: Acknowledgement) {
        let length = roundTrip.typical ?? .milliseconds(100)
        let isOver = news.now - cycleStart >= length
        // Draining ends as soon as what was too much is gone.
        let isDrained = Self.cycle[cycleIndex] < 1 && news.inFlight <= bytesOnPath(gain: 1)
        guard isOver || isDrained else { return }
        cycleIndex = (cycleIndex + 1) % Self.cycle.count
        cycleStart = news.now
    }

    private mutating func advanceProbeRTT(_ news: Acknowledgement) {
        if let end = probeRTTEnd {
            guard news.now >= end else { return }
            if probedRoundTrip.shortest != nil { roundTrip = probedRoundTrip }
            probeRTTEnd = nil
            enterProbeBandwidth(news.now)
        } else if news.inFlight <= windowBytes {
            probeRTTEnd = news.now + max(Self.probeRTTDuration, roundTrip.typical ?? .nanoseconds(0))
            probedRoundTrip = UnqueuedRoundTrip()
        }
    }

    private mutating func updateWindow(_ news: Acknowledgement) {
        if isFilled {
            let target = max(
                bytesOnPath(gain: 1, roundTrip.steadied(gain: Self.windowGain)),
                bytesOnPath(gain: Self.typicalWindowGain))
            window = min(window + news.bytes, target)
        } else if window < bytesOnPath(gain: Self.startupGain) {
            window += news.bytes
        }
        window = min(max(window, Self.minimumWindow * datagram), Self.maximumWindowBytes)
    }

    // MARK: Other events

    /// Of the path's own losses nothing slows down: what they cost shows in the rate.
    mutating func lost(bytes: Int, latestSent: NIODeadline, now: NIODeadline) {
        loss.lost(bytes: bytes)
        roundLosses.lost(bytes: bytes, latestSent: latestSent)
    }

    /// Who shares the queue feels its overflow, too, and most take it for a sign to slow down.
    private mutating func heedOverflow(_ news: Acknowledgement) {
        // A chat fills no queue.
        guard isFilled, news.rate?.isApplicationLimited == false, roundTrip.isQueued,
            roundLosses.exceed(own: loss.share, datagram: datagram)
        else { return }
        reduce(sentAt: roundLosses.latestSent, inFlight: news.inFlight, now: news.now)
    }

    /// Unlike a loss, a mark is always a queue.
    mutating func experienced(sentAt: NIODeadline, inFlight: Int, now: NIODeadline) {
        isFilled = true
        reduce(sentAt: sentAt, inFlight: inFlight, now: now)
    }

    /// Once for all packets that are on their way.
    private mutating func reduce(sentAt: NIODeadline, inFlight: Int, now: NIODeadline) {
        if let reducedAt, sentAt <= reducedAt { return }
        reducedAt = now
        let present = min(windowBytes, max(inFlight, bytesOnPath(gain: 1)))
        ceiling = max(Int(Double(present) * Self.reduction), Self.minimumWindow * datagram)
    }

    private mutating func raiseCeiling() {
        guard let present = ceiling else { return }
        let raised = present + max(Int(Double(present) * Self.recoveryByRound), datagram)
        ceiling = raised < Self.maximumWindowBytes && raised < window ? raised : nil
    }

    mutating func pathChanged() { self = BBRController(maximumDatagramBytes: datagram) }

    // MARK: Rest

    /// The model of the path, without rounds and phases.
    struct Resting {
        fileprivate let bandwidth: Double
        fileprivate let roundTrip: UnqueuedRoundTrip
        fileprivate let window: Int
        fileprivate let loss: Double
        fileprivate let ceiling: Int?
        fileprivate let fullBandwidth: Double
        fileprivate let roundsWithoutGrowth: UInt8
        fileprivate let isFilled: Bool
    }

    var resting: Resting {
        Resting(
            bandwidth: bandwidth.value, roundTrip: roundTrip, window: window, loss: loss.share,
            ceiling: ceiling, fullBandwidth: fullBandwidth,
            roundsWithoutGrowth: UInt8(clamping: roundsWithoutGrowth), isFilled: isFilled)
    }

    mutating func wake(_ resting: Resting) {
        if resting.bandwidth > 0 { bandwidth.update(resting.bandwidth, round: round) }
        roundTrip = resting.roundTrip
        window = resting.window
        loss.resume(share: resting.loss)
        ceiling = resting.ceiling
        fullBandwidth = resting.fullBandwidth
        roundsWithoutGrowth = Int(resting.roundsWithoutGrowth)
        isFilled = resting.isFilled
        // What was too much on its way has left it.
        if isFilled { phase = .probeBandwidth }
    }
}
