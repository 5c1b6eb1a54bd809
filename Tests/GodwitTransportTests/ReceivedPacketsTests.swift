import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

private let start = NIODeadline.uptimeNanoseconds(1_000_000_000)
private let delay = TimeAmount.milliseconds(5)

@Suite("Received packets")
struct ReceivedPacketsTests {
    @Test("the replay window takes each number once, and nothing older than itself", arguments: 1...10)
    func replayWindow(seed: UInt64) {
        let random = RandomSource.seeded(seed)
        var window = ReplayWindow()
        var seen = Set<UInt64>()
        var base: UInt64 = 0
        for _ in 0..<3000 {
            base += random.next() % 3
            if random.next() % 500 == 0 { base += 5000 }
            let number = base + random.next() % 40
            let isTooOld = window.largest.map { number + ReplayWindow.size <= $0 } ?? false
            #expect(window.hasSeen(number) == (seen.contains(number) || isTooOld), "seed \(seed)")
            guard !window.hasSeen(number) else { continue }
            window.insert(number)
            seen.insert(number)
        }
    }

    @Test("an acknowledgement in order waits for data to ride on; out of order it leaves at once")
    func urgency() {
        var packets = ReceivedPackets()
        packets.record(0, isEliciting: true, delay: delay, now: start)
        #expect(packets.deadline == start + delay)
        #expect(!packets.isDue(now: start))
        packets.acknowledgementSent(now: start)
        packets.record(2, isEliciting: true, delay: delay, now: start)
        #expect(packets.isDue(now: start))
    }

    @Test("the fourth packet in a row waits no longer")
    func fourPackets() {
        var packets = ReceivedPackets()
        for number in 0..<3 as Range<UInt64> { packets.record(number, isEliciting: true, delay: delay, now: start) }
        #expect(!packets.isDue(now: start))
        packets.record(3, isEliciting: true, delay: delay, now: start)
        #expect(packets.isDue(now: start))
    }

    @Test("packets that elicit nothing are noted but not answered")
    func notEliciting() {
        var packets = ReceivedPackets()
        packets.record(0, isEliciting: false, delay: delay, now: start)
        #expect(packets.deadline == nil)
        #expect(!packets.hasUnacknowledged)
        #expect(packets.acknowledgement(now: start)?.first == 0...0)
    }

    @Test("an acknowledgement tells the ranges and how long the largest waited")
    func frame() throws {
        var packets = ReceivedPackets()
        for number: UInt64 in [0, 1, 4, 7, 8] { packets.record(number, isEliciting: true, delay: delay, now: start) }
        let ack = try #require(packets.acknowledgement(now: start + .microseconds(1280)))
        #expect(ack.first == 7...8)
        #expect(ack.lower == [4...4, 0...1])
        #expect(ack.delay == 10)
    }

    @Test("what the peer knows of is not repeated, and the number of ranges is bounded")
    func bounds() throws {
        var packets = ReceivedPackets()
        for number in stride(from: UInt64(0), to: 1000, by: 2) {
            packets.record(number, isEliciting: true, delay: delay, now: start)
        }
        #expect(try #require(packets.acknowledgement(now: start)).lower.count == ReceivedPackets.maximumRanges - 1)
        packets.acknowledgementConfirmed(largest: 994)
        #expect(try #require(packets.acknowledgement(now: start)).lower == [996...996, 994...994])
    }
}
