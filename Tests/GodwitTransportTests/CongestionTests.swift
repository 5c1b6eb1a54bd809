import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

private let start = Bottleneck.start
private let datagram = Bottleneck.datagram

@Suite("Congestion control")
struct CongestionTests {
    @Test("BBR fills a link at any loss up to 40 %, with a short queue", arguments: [0, 0.01, 0.2, 0.4])
    func bbrUnderLoss(loss: Double) throws {
        var link = Bottleneck(
            BBRController(maximumDatagramBytes: datagram), rate: 250_000, roundTrip: .milliseconds(150))
        link.loss = loss
        link.run(for: .seconds(20))
        #expect(Double(link.delivered) > 0.85 * 20 * 250_000, "\(link.delivered) bytes")
        #expect(link.longestQueue < 0.4, "\(link.longestQueue) s")
        let controller = try #require(link.senders[0].controller as? BBRController)
        #expect(abs(controller.bandwidthEstimate - 250_000) < 60_000)
    }

    @Test(
        "BBR fills a link whose delays scatter as much as on radio, with a short queue",
        arguments: 1...5 as ClosedRange<UInt64>)
    func bbrUnderJitter(seed: UInt64) {
        var link = Bottleneck(
            BBRController(maximumDatagramBytes: datagram), rate: 125_000, roundTrip: .milliseconds(180), seed: seed)
        link.jitter = .milliseconds(120)
        link.run(for: .seconds(30))
        #expect(Double(link.delivered) > 0.8 * 30 * 125_000, "\(link.delivered) bytes")
        #expect(link.longestQueue < 0.5, "\(link.longestQueue) s")
    }

    @Test("a chat does not end BBR's startup, however long it is")
    func chatBeforeBulk() {
        var controller = BBRController(maximumDatagramBytes: datagram)
        var meter = DeliveryRate()
        for second in 0..<20 {
            let sent = start + .seconds(Int64(second))
            let mark = meter.mark(inFlight: 0, now: sent)
            meter.ranDry(inFlight: 100)
            let now = sent + .milliseconds(100)
            let sample = meter.acknowledged(bytes: 100, mark, sentAt: sent, minimumRTT: .milliseconds(100), now: now)
            #expect(sample.isApplicationLimited)
            controller.acknowledged(
                Acknowledgement(
                    bytes: 100, sentAt: sent, wasLimited: false, rate: sample, roundTrip: .milliseconds(100),
                    inFlight: 0, loss: 0, now: now))
        }
        #expect(controller.phase == .startup)
    }

    @Test("a minimum that grows old while startup fills the queue is not replaced from the queue")
    func oldMinimumInStartup() throws {
        var controller = BBRController(maximumDatagramBytes: datagram)
        var meter = DeliveryRate()
        func acknowledge(after seconds: Int64, roundTrip: TimeAmount, inFlight: Int) {
            let now = start + .seconds(seconds)
            let mark = meter.mark(inFlight: 0, now: now - roundTrip)
            let rate = meter.acknowledged(
                bytes: 100, mark, sentAt: now - roundTrip, minimumRTT: .milliseconds(100), now: now)
            controller.acknowledged(
                Acknowledgement(
                    bytes: 100, sentAt: now - roundTrip, wasLimited: true, rate: rate, roundTrip: roundTrip,
                    inFlight: inFlight, loss: 0, now: now))
        }
        for second in 0..<3 as Range<Int64> { acknowledge(after: second, roundTrip: .milliseconds(100), inFlight: 0) }
        // The first window in a typical round trip.
        let pace = try #require(controller.pacingRate)
        #expect(pace == Double(BBRController.initialWindow * datagram) / 0.1)
        acknowledge(after: 13, roundTrip: .seconds(2), inFlight: 12 * datagram)
        #expect(controller.phase == .startup)
        #expect(controller.pacingRate == pace)
        // With as little on its way as a chat has, there is no queue of ours, and the path has changed.
        acknowledge(after: 14, roundTrip: .milliseconds(200), inFlight: datagram)
        #expect(controller.pacingRate == pace / 2)
    }

    @Test("the shortest round trip may be luck; the lowest average is what a packet may expect")
    func unqueuedRoundTrip() {
        var roundTrip = UnqueuedRoundTrip()
        #expect(roundTrip.typical == nil)
        for (second, milliseconds) in [100, 200, 300].enumerated() {
            roundTrip.add(.milliseconds(Int64(milliseconds)), now: start + .seconds(Int64(second)))
        }
        #expect(roundTrip.shortest == .milliseconds(100))
        #expect(roundTrip.typical == .milliseconds(200))
        // A queue: the average rises, its minimum stays.
        for _ in 0..<20 { roundTrip.add(.milliseconds(900), now: start + .seconds(5)) }
        #expect(roundTrip.typical == .milliseconds(200))
        // Twice 100 ms less the 100 that they scatter.
        #expect(roundTrip.steadied(gain: 2) == .milliseconds(100))
        for _ in 0..<40 { roundTrip.add(.milliseconds(150), now: start + .seconds(6)) }
        #expect(roundTrip.shortest == .milliseconds(100))
        #expect(abs(((roundTrip.typical ?? .zero) - .milliseconds(154)).nanoseconds) < 4_000_000)
        #expect(!roundTrip.isOld(now: start + .seconds(10)))
        #expect(roundTrip.isOld(now: start + .seconds(11)))
    }

    @Test("losses count as the path's own only while no queue stands in it, and not what was learned behind one")
    func unqueuedLoss() {
        var roundTrip = UnqueuedRoundTrip()
        var loss = UnqueuedLoss(maximumDatagramBytes: datagram)
        func pass(_ packets: Int, milliseconds: Int64, lossEach: Int? = nil) {
            for packet in 1...packets {
                roundTrip.add(.milliseconds(milliseconds), now: start)
                loss.acknowledged(bytes: datagram, roundTrip)
                if let lossEach, packet.isMultiple(of: lossEach) { loss.lost(bytes: datagram) }
            }
        }
        pass(400, milliseconds: 400, lossEach: 4)
        #expect(abs(loss.share - 0.2) < 0.02)
        // It was a neighbour's queue.
        pass(64, milliseconds: 200)
        #expect(loss.share == 0)
        pass(400, milliseconds: 220, lossEach: 9)
        #expect(abs(loss.share - 0.1) < 0.02)
        let known = loss.share
        pass(400, milliseconds: 500, lossEach: 2)
        #expect(abs(loss.share - known) < 0.02)
        pass(400, milliseconds: 220)
        #expect(loss.share < 0.02)
        // Half of what it looks back on.
        loss.resume(share: 0.3)
        #expect(abs(loss.share - 0.3) < 0.001)
        pass(64, milliseconds: 220)
        #expect(loss.share > 0.1 && loss.share < 0.2)
    }

    @Test("a round's losses exceed the path's own by more than chance would")
    func roundLosses() {
        func exceed(lost: Int, of sent: Int, own: Double) -> Bool {
            var round = RoundLosses()
            round.acknowledged(bytes: (sent - lost) * datagram)
            for packet in 0..<lost { round.lost(bytes: datagram, latestSent: start + .seconds(Int64(packet))) }
            #expect(lost == 0 || round.latestSent == start + .seconds(Int64(lost - 1)))
            return round.exceed(own: own, datagram: datagram)
        }
        #expect(!exceed(lost: 0, of: 0, own: 0))
        #expect(!exceed(lost: 2, of: 100, own: 0))
        #expect(exceed(lost: 3, of: 100, own: 0))
        // A fifth, and three times 4 packets more.
        #expect(!exceed(lost: 32, of: 100, own: 0.2))
        #expect(exceed(lost: 33, of: 100, own: 0.2))
    }

    @Test("BBR leaves a 32 kbit/s link with a queue of no more than its first window")
    func bbrOnSlowLink() {
        var link = Bottleneck(BBRController(maximumDatagramBytes: datagram), rate: 4000, roundTrip: .milliseconds(600))
        link.queueLimit = 60
        link.run(for: .seconds(60))
        #expect(link.overflowed == 0)
        #expect(link.longestQueue < 2.6, "\(link.longestQueue) s")
        #expect(Double(link.delivered) > 0.85 * 60 * 4000, "\(link.delivered) bytes")
    }

    @Test("loss that BBR causes itself in a short queue dies out")
    func shallowQueue() {
        var link = Bottleneck(
            BBRController(maximumDatagramBytes: datagram), rate: 250_000, roundTrip: .milliseconds(100))
        link.queueLimit = 10
        link.run(for: .seconds(20))
        #expect(link.overflowed * datagram < link.delivered / 5, "\(link.overflowed) packets")
        #expect(Double(link.delivered) > 0.7 * 20 * 250_000)
    }

    @Test("CUBIC fills a link with a deep queue, and is slowed down by losses")
    func cubic() {
        var link = Bottleneck(
            CubicController(maximumDatagramBytes: datagram), rate: 250_000, roundTrip: .milliseconds(100))
        link.queueLimit = 50
        link.run(for: .seconds(20))
        #expect(Double(link.delivered) > 0.85 * 20 * 250_000, "\(link.delivered) bytes")
        var lossy = Bottleneck(
            CubicController(maximumDatagramBytes: datagram), rate: 250_000, roundTrip: .milliseconds(100))
        lossy.loss = 0.05
        lossy.run(for: .seconds(20))
        #expect(lossy.delivered < link.delivered / 2)
    }

    @Test("CUBIC reduces once a round trip, by 0.7, to no less than two packets")
    func cubicReduction() {
        var cubic = CubicController(maximumDatagramBytes: datagram)
        #expect(cubic.windowBytes == 10_000)
        cubic.lost(bytes: datagram, latestSent: start, now: start + .milliseconds(50))
        #expect(cubic.windowBytes == 7000)
        cubic.lost(bytes: datagram, latestSent: start + .milliseconds(20), now: start + .milliseconds(60))
        #expect(cubic.windowBytes == 7000)
        for second in 1...10 {
            cubic.lost(bytes: 1, latestSent: start + .seconds(Int64(second)), now: start + .seconds(Int64(second) + 1))
        }
        #expect(cubic.windowBytes == 2000)
    }

    @Test("the delivery rate is that of the slower of sending and acknowledging; a dry sender's samples say so")
    func deliveryRate() {
        var rate = DeliveryRate()
        let first = rate.mark(inFlight: 0, now: start)
        let second = rate.mark(inFlight: 1000, now: start)
        rate.ranDry(inFlight: 2000)
        let third = rate.mark(inFlight: 2000, now: start + .milliseconds(1))
        let now = start + .milliseconds(100)
        let one = rate.acknowledged(bytes: 1000, first, sentAt: start, minimumRTT: nil, now: now)
        #expect(one.bytesPerSecond == 10_000)
        // It came behind a pause.
        #expect(one.isApplicationLimited)
        let two = rate.acknowledged(bytes: 1000, second, sentAt: start, minimumRTT: nil, now: now + .milliseconds(100))
        #expect(two.bytesPerSecond == 10_000)
        let three = rate.acknowledged(
            bytes: 1000, third, sentAt: start + .milliseconds(1), minimumRTT: .seconds(1), now: now + .milliseconds(101)
        )
        #expect(three.isApplicationLimited)
        #expect(three.bytesPerSecond == nil)
    }

    @Test("the largest value of ten rounds is kept, then the next largest")
    func maximumFilter() {
        var filter = MaximumFilter(rounds: 10)
        filter.update(5, round: 0)
        filter.update(9, round: 1)
        filter.update(7, round: 4)
        #expect(filter.value == 9)
        filter.update(3, round: 11)
        #expect(filter.value == 7)
        filter.update(3, round: 14)
        #expect(filter.value == 3)
    }

    @Test("the pacer lets a burst through, a short one on a slow path, and then keeps its rate")
    func pacer() throws {
        for (rate, burst) in [(1e6, 16), (4000, 4)] {
            var pacer = Pacer(maximumDatagramBytes: datagram)
            pacer.refill(now: start, rate: rate)
            var sent = 0
            while pacer.isOpen {
                pacer.sent(bytes: datagram)
                sent += 1
            }
            #expect(sent == burst)
            let next = try #require(pacer.deadline(rate: rate))
            pacer.refill(now: next, rate: rate)
            #expect(pacer.isOpen)
            // 2 ms' worth: two packets of the fast one, for the slow one the first byte opens it.
            pacer.sent(bytes: datagram)
            #expect(pacer.isOpen == (rate == 1e6))
            pacer.sent(bytes: 3 * datagram)
            let wait = try #require(pacer.deadline(rate: rate)) - next
            #expect(abs(Double(wait.nanoseconds) / 1e9 * rate - 4000) < 20)
        }
    }
}
