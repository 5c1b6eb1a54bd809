import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

private let start = NIODeadline.uptimeNanoseconds(10_000_000_000)

private let rateMark: DeliveryRate.Mark = {
    var rate = DeliveryRate()
    return rate.mark(inFlight: 0, now: start)
}()

@Suite("Recovery")
struct RecoveryTests {
    @Test("the round trip estimate follows RFC 9002, less what the peer says it waited")
    func rtt() {
        var rtt = RTTEstimator(initial: .milliseconds(100))
        #expect(rtt.probeTimeout(acknowledgementDelay: .milliseconds(5)) == .milliseconds(305))
        rtt.update(sample: .milliseconds(80), acknowledgementDelay: .nanoseconds(0))
        #expect(rtt.smoothed == .milliseconds(80))
        #expect(rtt.variation == .milliseconds(20))
        rtt.update(sample: .milliseconds(1160), acknowledgementDelay: .seconds(1))
        #expect(rtt.smoothed == .milliseconds(90))
        #expect(rtt.variation == .milliseconds(35))
        #expect(rtt.minimum == .milliseconds(80))
        rtt.update(sample: .milliseconds(10), acknowledgementDelay: .milliseconds(50))
        #expect(rtt.minimum == .milliseconds(10))
    }

    @Test("the first round trip behind the handshake begins anew if it is shorter than what the handshake took")
    func rttOfHandshake() {
        var rtt = RTTEstimator(initial: .milliseconds(100))
        rtt.update(sample: .milliseconds(340), acknowledgementDelay: .nanoseconds(0), isOfHandshake: true)
        rtt.update(sample: .milliseconds(300), acknowledgementDelay: .nanoseconds(0), isOfHandshake: true)
        #expect(rtt.smoothed == .milliseconds(335))
        var longer = rtt
        rtt.update(sample: .milliseconds(120), acknowledgementDelay: .nanoseconds(0))
        #expect(rtt.smoothed == .milliseconds(120))
        #expect(rtt.variation == .milliseconds(30))
        // Only the first: from here on all count alike, one of the handshake that is late among them.
        rtt.update(sample: .milliseconds(40), acknowledgementDelay: .nanoseconds(0), isOfHandshake: true)
        rtt.update(sample: .milliseconds(110), acknowledgementDelay: .nanoseconds(0))
        #expect(rtt.smoothed == .milliseconds(110))
        // A longer one is no better than the others.
        longer.update(sample: .milliseconds(415), acknowledgementDelay: .nanoseconds(0))
        #expect(longer.smoothed == .milliseconds(345))
    }

    @Test("the probe timer repeats once, then grows by halves to one a second")
    func probeTimer() {
        var timer = ProbeTimer()
        let base = TimeAmount.milliseconds(200)
        var intervals: [Int64] = []
        var now = start
        for _ in 0..<8 {
            intervals.append(timer.interval(base: base).nanoseconds / 1_000_000)
            now = timer.deadline(base: base, oldest: start)
            timer.fired(now: now)
        }
        #expect(intervals == [200, 200, 300, 450, 675, 1000, 1000, 1000])
        timer.reset()
        #expect(timer.deadline(base: base, oldest: start) == start + base)
    }

    @Test("after half a minute of silence the probes come each five seconds")
    func impatience() {
        var timer = ProbeTimer()
        timer.fired(now: start)
        for second in 1...31 { timer.fired(now: start + .seconds(Int64(second))) }
        #expect(timer.interval(base: .milliseconds(200)) == .seconds(5))
        #expect(timer.interval(base: .seconds(9)) == .seconds(9))
    }

    private func space(packets: Int, every gap: TimeAmount) -> PacketSpace {
        var space = PacketSpace()
        for index in 0..<packets {
            space.sent.record(
                time: start + .nanoseconds(gap.nanoseconds * Int64(index)), bytes: 100, isEliciting: true,
                rateMark: rateMark, acknowledgedUpTo: nil,
                carried: [.message(number: UInt64(index), offset: 0, count: 50)])
        }
        return space
    }

    private func recovery(inFlight: Int) -> Recovery<CubicController> {
        var recovery = Recovery(
            congestion: CubicController(maximumDatagramBytes: 1200), initialRTT: .milliseconds(100),
            maximumDatagramBytes: 1200)
        for _ in 0..<inFlight { recovery.sent(bytes: 100, isEliciting: true, hasMore: true) }
        return recovery
    }

    @Test("three later packets, or 9/8 of a round trip, make a loss; frames of the lost are sent again")
    func lossDetection() throws {
        var space = space(packets: 6, every: .milliseconds(1))
        var recovery = recovery(inFlight: 6)
        var outcome = Recovery<CubicController>.Outcome()
        let now = start + .milliseconds(100)
        try recovery.receive(AckFrame(delay: 0, first: 4...4), in: &space, now: now, outcome: &outcome)
        #expect(outcome.arrived == [.message(number: 4, offset: 0, count: 50)])
        #expect(
            outcome.sendAgain == [.message(number: 0, offset: 0, count: 50), .message(number: 1, offset: 0, count: 50)])
        #expect(recovery.packetsLost == 2)
        #expect(recovery.bytesInFlight == 300)
        // Packets 2 and 3 follow when they are 9/8 of 96 ms old.
        let deadline = try #require(space.lossDeadline)
        #expect(deadline == start + .milliseconds(2 + 108))
        outcome.clear()
        recovery.detectLosses(in: &space, now: deadline + .milliseconds(1), outcome: &outcome)
        #expect(outcome.sendAgain.count == 2)
        #expect(recovery.bytesInFlight == 100)
    }

    @Test("a late acknowledgement of a lost packet is counted and makes the detection more patient")
    func spuriousLoss() throws {
        var space = space(packets: 8, every: .milliseconds(1))
        var recovery = recovery(inFlight: 8)
        var outcome = Recovery<CubicController>.Outcome()
        let now = start + .milliseconds(50)
        try recovery.receive(AckFrame(delay: 0, first: 4...4), in: &space, now: now, outcome: &outcome)
        #expect(recovery.packetsLost == 2)
        outcome.clear()
        try recovery.receive(AckFrame(delay: 0, first: 0...5), in: &space, now: now, outcome: &outcome)
        #expect(recovery.spuriousLosses == 2)
        #expect(outcome.arrived.count == 5)
        #expect(outcome.sendAgain.isEmpty)
    }

    @Test("acknowledging a packet that was never sent breaks the protocol")
    func unsent() {
        var space = space(packets: 2, every: .milliseconds(1))
        var recovery = recovery(inFlight: 2)
        var outcome = Recovery<CubicController>.Outcome()
        #expect(throws: ProtocolError.acknowledgedUnsentPacket(2)) {
            try recovery.receive(AckFrame(delay: 0, first: 1...2), in: &space, now: start, outcome: &outcome)
        }
    }

    @Test("a packet that is late is not probed for while others are acknowledged")
    func probeBesideFlow() throws {
        var space = space(packets: 20, every: .milliseconds(20))
        var recovery = recovery(inFlight: 20)
        var outcome = Recovery<CubicController>.Outcome()
        func acknowledge(_ number: UInt64, after time: Int64) throws {
            try recovery.receive(
                AckFrame(delay: 0, first: number...number), in: &space, now: start + .milliseconds(time),
                outcome: &outcome)
        }
        for number in 0..<10 as Range<UInt64> { try acknowledge(number, after: 100 + 20 * Int64(number)) }
        // The tenth was sent after 200 ms.
        let alone = try #require(recovery.probeDeadline(space.sent))
        #expect(alone < start + .milliseconds(315))
        try acknowledge(11, after: 308)
        let beside = try #require(recovery.probeDeadline(space.sent))
        #expect(beside == start + .milliseconds(308) + .nanoseconds(recovery.rtt.smoothed.nanoseconds / 4))
        #expect(outcome.sendAgain.isEmpty)
    }

    @Test("a probe carries the oldest data; a later loss of the original does not send it a third time")
    func probe() throws {
        var space = space(packets: 2, every: .milliseconds(1))
        var recovery = recovery(inFlight: 2)
        var outcome = Recovery<CubicController>.Outcome()
        let now = try #require(recovery.probeDeadline(space.sent))
        #expect(now == start + .milliseconds(305))
        recovery.probe(&space, now: now + .milliseconds(1), outcome: &outcome)
        #expect(outcome.sendAgain.count == 2)
        #expect(space.probesDue == 1)
        outcome.clear()
        space.sent.record(
            time: now, bytes: 150, isEliciting: true, rateMark: rateMark, acknowledgedUpTo: nil,
            carried: [.message(number: 0, offset: 0, count: 50), .message(number: 1, offset: 0, count: 50)])
        try recovery.receive(
            AckFrame(delay: 0, first: 2...2), in: &space, now: now + .milliseconds(100), outcome: &outcome)
        #expect(outcome.arrived.count == 2)
        #expect(outcome.sendAgain.isEmpty)
    }
}
