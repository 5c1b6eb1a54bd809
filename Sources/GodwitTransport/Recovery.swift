import GodwitWire
import NIOCore

/// What both packet number spaces share: round trip, losses, congestion window, pacing, probes.
struct Recovery<Controller: CongestionController> {
    private(set) var rtt: RTTEstimator
    private var congestion: Controller
    private var pacer: Pacer
    private var rate = DeliveryRate()
    private var detection = LossDetection()
    private(set) var probeTimer = ProbeTimer()
    private(set) var knocking = Knocking()
    var loss = PathLoss()
    var blackHole = BlackHole()
    var ecn = ECNValidation()
    /// When the last silence ended.
    private var returnedAt: NIODeadline?
    /// When something was last acknowledged for the first time.
    private var progressedAt: NIODeadline?
    private(set) var congestionMarks: UInt64 = 0
    private(set) var bytesInFlight = 0
    private(set) var packetsLost: UInt64 = 0
    private(set) var spuriousLosses: UInt64 = 0
    private(set) var probes: UInt64 = 0
    /// So many packets without a report of losses speak for the path.
    private static var packetsUntilKnown: UInt64 { 64 }
    private let initialRTT: TimeAmount
    private let datagramBytes: Int

    init(congestion: Controller, initialRTT: TimeAmount, maximumDatagramBytes: Int) {
        self.congestion = congestion
        self.initialRTT = initialRTT
        datagramBytes = maximumDatagramBytes
        rtt = RTTEstimator(initial: initialRTT)
        pacer = Pacer(maximumDatagramBytes: maximumDatagramBytes)
    }

    var windowBytes: Int { congestion.windowBytes }

    /// The probe timeout without back-off.
    var probeTimeout: TimeAmount {
        rtt.probeTimeout(
            acknowledgementDelay: ProtocolLimits.maximumAcknowledgementDelay,
            variations: ProbeTimer.variations(roundTripLoss: loss.roundTrip))
    }

    // MARK: Sending

    private var hasWindow: Bool { bytesInFlight < congestion.windowBytes }

    /// Whether congestion window and pacer let a packet with data leave.
    mutating func canSend(now: NIODeadline) -> Bool {
        guard hasWindow else { return false }
        pacer.refill(now: now, rate: pacingRate)
        return pacer.isOpen
    }

    /// Bytes a second: the controller's, or 5/4 of the window a round trip.
    private var pacingRate: Double {
        congestion.pacingRate ?? 1.25e9 * Double(congestion.windowBytes) / Double(max(rtt.smoothed.nanoseconds, 1))
    }

    /// When the pacer opens, if it alone holds data back.
    var pacingDeadline: NIODeadline? {
        hasWindow ? pacer.deadline(rate: pacingRate) : nil
    }

    /// What the next packet must remember, before it is counted as sent.
    mutating func rateMark(now: NIODeadline) -> DeliveryRate.Mark { rate.mark(inFlight: bytesInFlight, now: now) }

    /// - Parameter hasMore: the application has more to send; without, what is measured now tells about it, not about the path.
    mutating func sent(bytes: Int, isEliciting: Bool, hasMore: Bool) {
        guard isEliciting else { return }
        bytesInFlight += bytes
        pacer.sent(bytes: bytes)
        if !hasMore, hasWindow { rate.ranDry(inFlight: bytesInFlight) }
    }

    /// What is known of the network before the first sample.
    mutating func remember(_ memory: PathMemory) { rtt = RTTEstimator(remembered: memory) }

    /// What waits in a space whose own probe timer does not run yet goes with another space's datagram once more, as far as so many
    /// bytes of packets hold it.
    mutating func sendAlong(_ space: inout PacketSpace, upTo bytes: Int, outcome: inout Outcome) {
        var room = bytes
        space.sent.review(into: &outcome.sendAgain) { packet in
            guard !packet.framesMoved else { return .keep }
            guard packet.bytes <= room else { return .stop }
            room -= packet.bytes
            return .move
        }
        space.probesDue = max(space.probesDue, 1)
    }

    // MARK: Acknowledgements and losses

    /// What one acknowledgement means for the frames above: arrived, and to be sent again.
    struct Outcome {
        var arrived: ContiguousArray<SentFrame> = []
        var sendAgain: ContiguousArray<SentFrame> = []

        mutating func clear() {
            if !arrived.isEmpty { arrived.removeAll(keepingCapacity: true) }
            if !sendAgain.isEmpty { sendAgain.removeAll(keepingCapacity: true) }
        }
    }

    mutating func receive(
        _ ack: AckFrame, in space: inout PacketSpace, now: NIODeadline, outcome: inout Outcome
    ) throws(ProtocolError) {
        guard ack.largest < space.sent.nextNumber else { throw .acknowledgedUnsentPacket(ack.largest) }
        let wasLimited = 2 * bytesInFlight >= congestion.windowBytes
        var acknowledged = AcknowledgedPackets()
        swap(&acknowledged.frames, &outcome.arrived)
        space.sent.acknowledge(ack.first, into: &acknowledged)
        for range in ack.lower { space.sent.acknowledge(range, into: &acknowledged) }
        swap(&acknowledged.frames, &outcome.arrived)
        guard let largest = acknowledged.largest else { return }

        let isNewest = space.largestAcknowledged.map { ack.largest > $0 } ?? true
        let largestAcknowledged = max(space.largestAcknowledged ?? 0, ack.largest)
        space.largestAcknowledged = largestAcknowledged
        if let upTo = acknowledged.confirmedUpTo { space.received.acknowledgementConfirmed(largest: upTo) }
        var roundTrip: TimeAmount?
        if largest.number == ack.largest, acknowledged.hasEliciting {
            let unit = Int64(AckFrame.delayUnitMicroseconds) * 1000
            let waited = Int64(clamping: min(ack.delay, 1 << 32)) * unit
            rtt.update(
                sample: now - largest.time, acknowledgementDelay: .nanoseconds(waited),
                isOfHandshake: space.isOfHandshake)
            roundTrip = rtt.latest
        }
        if let number = acknowledged.largestLarge { blackHole.arrived(number) }
        if let spurious = acknowledged.oldestSpurious {
            spuriousLosses += UInt64(acknowledged.spurious)
            detection.sawSpuriousLoss(distance: largestAcknowledged &- min(spurious.number, largestAcknowledged))
        }
        if ack.largest >= Self.packetsUntilKnown { loss.isKnown = true }
        if acknowledged.hasEliciting {
            resetProbes()
            progressedAt = now
            space.probesDue = 0
        }
        bytesInFlight -= acknowledged.bytesInFlight
        congestion.acknowledged(
            Acknowledgement(
                bytes: acknowledged.bytesInFlight, sentAt: largest.time, wasLimited: wasLimited,
                rate: acknowledged.latestEliciting.map { packet in
                    rate.acknowledged(
                        bytes: acknowledged.elicitingBytes, packet.rateMark, sentAt: packet.time,
                        minimumRTT: rtt.minimum, now: now)
                },
                roundTrip: roundTrip, inFlight: bytesInFlight, loss: loss.forward, now: now))
        if isNewest, ecn.acknowledged(marked: acknowledged.marked, largest: acknowledged.largestMarked, ack.ecn) {
            congestionMarks += 1
            congestion.experienced(sentAt: largest.time, inFlight: bytesInFlight, now: now)
        }
        detectLosses(in: &space, now: now, outcome: &outcome)
        space.sent.prune()
    }

    /// Declares packets lost by number and by time; also when the loss deadline passes.
    mutating func detectLosses(in space: inout PacketSpace, now: NIODeadline, outcome: inout Outcome) {
        space.lossDeadline = nil
        guard let largest = space.largestAcknowledged else { return }
        var lost = LostPackets()
        space.lossDeadline = detection.detect(
            in: &space.sent, largestAcknowledged: largest, rtt: rtt, now: now, frames: &outcome.sendAgain, lost: &lost)
        settle(lost, now: now, isCongestion: true)
    }

    private mutating func settle(_ lost: LostPackets, now: NIODeadline, isCongestion: Bool) {
        bytesInFlight -= lost.bytes
        guard let latest = lost.latest else { return }
        packetsLost += UInt64(lost.count)
        // What was sent before the path returned met no queue.
        let isBlamed = returnedAt.map { latest > $0 } ?? true
        if isCongestion, isBlamed {
            if let lowest = lost.lowestLarge { blackHole.lost(lost.largeCount, lowest: lowest) }
            congestion.lost(bytes: lost.bytes, latestSent: latest, now: now)
        }
    }

    // MARK: Probes

    /// The peer has acknowledged something new or has broken a silence, or another path is tried.
    mutating func resetProbes() {
        // What was sent into silence, unasked by the pacer, is no debt of what follows.
        if isSilent { pacer = Pacer(maximumDatagramBytes: datagramBytes) }
        probeTimer.reset()
        knocking = Knocking()
    }

    /// When the oldest unanswered application packet wants a probe.
    func probeDeadline(_ sent: borrowing SentPackets) -> NIODeadline? {
        guard let oldest = sent.oldestAwaited else { return nil }
        let deadline = probeTimer.deadline(base: probeTimeout, oldest: oldest)
        let pause = TimeAmount.nanoseconds(rtt.smoothed.nanoseconds / ProbeTimer.flowDivisor)
        return progressedAt.map { max(deadline, $0 + pause) } ?? deadline
    }

    /// When the oldest unanswered Initial packet wants a probe, at most `maximum` after the last. Without any, `fallback` counts.
    func handshakeProbeDeadline(
        _ sent: borrowing SentPackets, maximum: TimeAmount, fallback: NIODeadline?
    ) -> NIODeadline? {
        guard let oldest = sent.oldestAwaited ?? fallback else { return nil }
        return probeTimer.deadline(base: handshakeProbeTimeout, maximum: maximum, oldest: oldest)
    }

    /// Handshake packets are acknowledged without delay.
    private var handshakeProbeTimeout: TimeAmount { rtt.probeTimeout(acknowledgementDelay: .nanoseconds(0)) }

    /// The probe timer fired: what the oldest unanswered packets carried is sent again, up to a datagram's worth, and two when an
    /// earlier probe has had no answer (RFC 9002 §6.2.4 allows two at once).
    mutating func probe(_ space: inout PacketSpace, now: NIODeadline, outcome: inout Outcome) {
        probes += 1
        // Packets that could still be answered in time keep their frames.
        let age = probeTimeout
        var budget = probeTimer.firedCount > 0 ? 2 * datagramBytes : datagramBytes
        var moved = 0
        space.sent.review(into: &outcome.sendAgain) { packet in
            guard !packet.framesMoved, !packet.isMTUProbe else { return .keep }
            guard moved == 0 || (packet.time + age <= now && packet.bytes <= budget) else { return .stop }
            budget -= packet.bytes
            moved += packet.bytes
            return .move
        }
        probeTimer.fired(now: now)
        space.probesDue = max(space.probesDue, moved > datagramBytes ? 2 : 1)
    }

    /// So many probes went unanswered that the path is taken as gone for now.
    var isSilent: Bool { probeTimer.firedCount >= Knocking.probesBeforeSilence }

    func knockDeadline(lastAsked: NIODeadline) -> NIODeadline? {
        knocking.deadline(
            lastAsked: lastAsked, interval: knocking.interval(roundTrip: rtt.smoothed, loss: loss.forward))
    }

    mutating func knock(_ knock: Knocking.Knock, now: NIODeadline) {
        probes += 1
        knocking.knock(knock, now: now)
    }

    mutating func takeKnock() -> Knocking.Knock? { knocking.take() }

    mutating func knockSent(bytes: Int) { knocking.sent(bytes: bytes) }

    /// What was sent before is no sign of congestion, whatever becomes of it.
    mutating func silenceEnded(now: NIODeadline) { returnedAt = now }

    /// A packet has arrived after a silence that outlasted two probe timeouts: the path is back, and what was sent more than a round
    /// trip ago went nowhere. That says nothing about congestion.
    mutating func pathReturned(_ space: inout PacketSpace, now: NIODeadline, outcome: inout Outcome) {
        silenceEnded(now: now)
        giveUp(&space, sentBefore: now - rtt.conservative, now: now, outcome: &outcome)
        resetProbes()
    }

    /// Declares lost, without blame, everything that was sent before an instant.
    mutating func giveUp(
        _ space: inout PacketSpace, sentBefore limit: NIODeadline, now: NIODeadline, outcome: inout Outcome
    ) {
        var lost = LostPackets()
        space.sent.review(into: &outcome.sendAgain) { packet in
            guard packet.time <= limit else { return .stop }
            lost.add(packet)
            return .lost
        }
        settle(lost, now: now, isCongestion: false)
        space.lossDeadline = nil
    }

    /// Whether nothing was heard for two probe timeouts after something was asked.
    func isReturn(_ sent: borrowing SentPackets, lastHeard: NIODeadline, now: NIODeadline) -> Bool {
        guard let oldest = sent.oldestOutstanding else { return false }
        return now - max(oldest, lastHeard) >= .nanoseconds(2 * probeTimeout.nanoseconds)
    }

    mutating func forget(_ sent: inout SentPackets) {
        var frames: ContiguousArray<SentFrame> = []
        var bytes = 0
        sent.review(into: &frames) { packet in
            bytes += packet.bytes
            return .lost
        }
        bytesInFlight -= bytes
    }

    /// Packets now go to another host: what was learned is void (RFC 9000 §9.4).
    mutating func pathChanged() {
        rtt = RTTEstimator(initial: initialRTT)
        ecn.pathChanged()
        congestion.pathChanged()
        pacer = Pacer(maximumDatagramBytes: datagramBytes)
        detection.reset()
        resetProbes()
    }

    // MARK: Rest

    /// What is known of the path while nothing is on its way.
    struct Resting {
        fileprivate let rtt: RTTEstimator
        fileprivate let congestion: Controller.Resting
        fileprivate let detection: LossDetection
        fileprivate let loss: PathLoss
    }

    var resting: Resting {
        Resting(rtt: rtt, congestion: congestion.resting, detection: detection, loss: loss)
    }

    /// A new one goes on from there.
    mutating func wake(_ resting: Resting) {
        rtt = resting.rtt
        congestion.wake(resting.congestion)
        detection = resting.detection
        loss = resting.loss
    }
}

extension Recovery<ConfiguredController> {
    init(_ configuration: TransportConfiguration) {
        self.init(
            congestion: ConfiguredController(
                configuration.congestion, maximumDatagramBytes: configuration.maximumDatagramBytes),
            initialRTT: configuration.initialRTT, maximumDatagramBytes: configuration.maximumDatagramBytes)
    }
}
