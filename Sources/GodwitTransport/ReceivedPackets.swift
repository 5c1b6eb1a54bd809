import GodwitWire
import NIOCore

/// What has arrived in one packet number space, and when the peer must hear of it.
struct ReceivedPackets {
    /// Ranges remembered for acknowledgements; older gaps are forgotten, and packets in them are sent again by the peer.
    static let maximumRanges = 32

    /// Ack-eliciting packets after which an acknowledgement no longer waits. RFC 9000 §13.2.2 recommends 2; the sender's window
    /// floor of 16 packets allows to halve the acknowledgements' bytes.
    static let elicitingPacketsBeforeAck = 4

    private var ranges = RangeSet()
    private var replay = ReplayWindow()
    private(set) var losses = LossMonitor()
    private var ecn = ECNCounts()
    /// The counts are told until the peer knows that we have this packet.
    private var ecnToldUpTo: UInt64?
    private var largestArrival = NIODeadline.distantPast
    /// A copy of what was acknowledged before is acknowledged when something else goes, or after this.
    static let oldNewsDelay = TimeAmount.seconds(1)

    /// Unreliable datagrams alone: long enough for four frames of voice at 50 a second to share an acknowledgement.
    static let datagramDelay = TimeAmount.milliseconds(80)

    private var elicitingSinceAck = 0
    private var hasOldNews = false
    private var lastAcknowledgement: NIODeadline?
    /// The largest packet number that the peer knows we have.
    private var largestConfirmed: UInt64?
    /// When an acknowledgement must leave, even alone.
    private(set) var deadline: NIODeadline?

    var largest: UInt64? { replay.largest }

    func hasSeen(_ number: UInt64) -> Bool { replay.hasSeen(number) }

    /// Something to acknowledge has arrived since the last acknowledgement.
    var hasUnacknowledged: Bool { elicitingSinceAck > 0 || hasOldNews }

    /// The peer may not know of all packets: an acknowledgement was perhaps lost.
    var isUnconfirmed: Bool {
        guard let last = ranges.last else { return false }
        return largestConfirmed.map { $0 < last.upperBound - 1 } ?? true
    }

    /// Takes note of an authentic packet.
    ///
    /// - Parameters:
    ///   - isNews: false for a copy of what is here already and acknowledged: its acknowledgement can wait for the next one.
    ///   - delay: how long its acknowledgement may wait when nothing is unusual.
    mutating func record(
        _ number: UInt64, isEliciting: Bool, isNews: Bool = true, ecn mark: ECNCodepoint = .notCapable,
        delay: TimeAmount,
        now: NIODeadline
    ) {
        let isInOrder = replay.largest.map { number == $0 + 1 } ?? true
        if replay.largest.map({ number > $0 }) ?? true { largestArrival = now }
        replay.insert(number)
        if mark != .notCapable {
            ecn.count(mark)
            ecnToldUpTo = replay.largest
        }
        losses.record(number, replay)
        ranges.insert(number..<(number + 1))
        ranges.keepHighest(Self.maximumRanges)
        guard isEliciting else { return }
        guard isNews else {
            hasOldNews = true
            deadline = deadline ?? now + Self.oldNewsDelay
            return
        }
        elicitingSinceAck += 1
        // RFC 9000 §13.2.1.
        let isUrgent =
            !isInOrder || mark == .congestionExperienced || elicitingSinceAck >= Self.elicitingPacketsBeforeAck
        let due = isUrgent ? now : now + delay
        deadline = deadline.map { min($0, due) } ?? due
    }

    func isDue(now: NIODeadline) -> Bool {
        deadline.map { $0 <= now } ?? false
    }

    /// The acknowledgement of everything so far, with at most `maximumRanges` ranges.
    func acknowledgement(now: NIODeadline) -> AckFrame? {
        guard let last = ranges.last else { return nil }
        let waited = max(0, (now - largestArrival).nanoseconds) / 1000
        var lower: ContiguousArray<ClosedRange<UInt64>> = []
        for range in ranges.lower.reversed() {
            lower.append(range.lowerBound...(range.upperBound - 1))
        }
        return AckFrame(
            delay: UInt64(waited) / AckFrame.delayUnitMicroseconds, first: last.lowerBound...(last.upperBound - 1),
            lower: lower, ecn: ecnToldUpTo == nil ? nil : ecn)
    }

    /// Whether a peer that repeats itself may be doing so because it has missed our last acknowledgement: there was time for it to arrive.
    func isAnswerOverdue(_ rtt: RTTEstimator, now: NIODeadline) -> Bool {
        guard let lastAcknowledgement else { return true }
        return now - lastAcknowledgement >= rtt.smoothed
    }

    mutating func takeLossReport() -> LossReport? { losses.takeReport() }

    mutating func acknowledgementSent(now: NIODeadline) {
        lastAcknowledgement = now
        elicitingSinceAck = 0
        hasOldNews = false
        deadline = nil
    }

    /// The peer has received an acknowledgement that reached up to `largest`: lower gaps need not be repeated.
    mutating func acknowledgementConfirmed(largest: UInt64) {
        largestConfirmed = largestConfirmed.map { max($0, largest) } ?? largest
        if let upTo = ecnToldUpTo, largest >= upTo { ecnToldUpTo = nil }
        guard let last = ranges.last, largest < last.upperBound else { return }
        // One range below the confirmed number is kept, so that the peer always finds its largest packet acknowledged.
        while ranges.count > 1, let first = ranges.first, first.upperBound <= largest { ranges.remove(first) }
    }

    // MARK: Rest

    /// What is kept while nothing arrives and nothing is to be acknowledged: of gaps in the numbers, the newest.
    struct Resting {
        fileprivate let range: Range<UInt64>
        fileprivate let newest: UInt64
        fileprivate let losses: LossMonitor
        fileprivate let ecn: ECNCounts
        fileprivate let ecnToldUpTo: UInt64?
        fileprivate let largestArrival: NIODeadline
        fileprivate let largestConfirmed: UInt64?
    }

    /// Nil before anything has arrived.
    var resting: Resting? {
        ranges.last.map {
            Resting(
                range: $0, newest: replay.newest, losses: losses, ecn: ecn, ecnToldUpTo: ecnToldUpTo,
                largestArrival: largestArrival, largestConfirmed: largestConfirmed)
        }
    }

    init() {}

    init(waking resting: Resting) {
        ranges.insert(resting.range)
        replay = ReplayWindow(largest: resting.range.upperBound - 1, newest: resting.newest)
        losses = resting.losses
        ecn = resting.ecn
        ecnToldUpTo = resting.ecnToldUpTo
        largestArrival = resting.largestArrival
        largestConfirmed = resting.largestConfirmed
    }
}
