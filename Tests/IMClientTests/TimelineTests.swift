import IMMessages
import NIOCore
import SwiftProtobuf
import Testing

@testable import IMClient

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

@Suite("A device's place in the timeline")
struct TimelineTests {
    private static let begin = NIODeadline.uptimeNanoseconds(1_000_000_000)

    private static func item(_ seq: UInt64) -> IMItem {
        var item = IMItem()
        item.seq = seq
        item.from = "bo"
        return item
    }

    private static func notify(_ previous: UInt64, _ seqs: UInt64...) -> IMNotify {
        var notify = IMNotify()
        notify.previousSeq = previous
        notify.items = seqs.map(item)
        return notify
    }

    private static func reply(_ seqs: [UInt64], next: UInt64, more: Bool = false) throws -> IMSyncReply {
        var key = IMSyncKey()
        key.timeline = 9
        key.version = 1
        key.seq = next
        var reply = IMSyncReply()
        reply.items = seqs.map(item)
        reply.nextKey = Data(try key.serializedBytes() as [UInt8])
        reply.more = more
        return reply
    }

    private static func timeline(at seq: UInt64) throws -> Timeline {
        var timeline = Timeline(savedKey: nil)
        _ = timeline.apply(try reply([], next: seq), now: begin)
        return timeline
    }

    @Test("without a key everything is pulled")
    func beginning() {
        var timeline = Timeline(savedKey: nil)
        #expect(timeline.serializedKey.isEmpty)
        #expect(timeline.apply(Self.notify(0, 1), now: Self.begin).needsPull)
    }

    @Test("a notify that fits is applied and moves the key")
    func fits() throws {
        var timeline = try Self.timeline(at: 4)
        let step = timeline.apply(Self.notify(4, 5, 6), now: Self.begin)
        #expect(step.items.map(\.seq) == [5, 6])
        #expect(step.keyMoved)
        #expect(timeline.seq == 6)
    }

    @Test("a notify that overtook another waits for it, without a pull")
    func overtaking() throws {
        var timeline = try Self.timeline(at: 4)
        #expect(timeline.apply(Self.notify(5, 6), now: Self.begin) == Timeline.Step())
        #expect(timeline.pullDue == Self.begin + Timeline.gapPatience)
        #expect(timeline.apply(Self.notify(4, 5), now: Self.begin).items.map(\.seq) == [5, 6])
        #expect(timeline.pullDue == nil)
        #expect(timeline.seq == 6)
    }

    @Test("our own message closes the gap before a notify")
    func ownMessage() throws {
        var timeline = try Self.timeline(at: 4)
        #expect(timeline.apply(Self.notify(5, 6), now: Self.begin).items.isEmpty)
        let step = timeline.applySent(previous: 4, seq: 5, now: Self.begin)
        #expect(step.items.map(\.seq) == [6])
        #expect(timeline.seq == 6)
    }

    @Test("our own message to ourselves is told once, in its place")
    func toOurselves() throws {
        var timeline = try Self.timeline(at: 4)
        var note = IMItem()
        note.seq = 6
        #expect(timeline.applySent(previous: 5, seq: 6, items: [note], now: Self.begin).items.isEmpty)
        #expect(timeline.apply(Self.notify(4, 5), now: Self.begin).items.map(\.seq) == [5, 6])
        #expect(try timeline.apply(Self.reply([5, 6], next: 6), now: Self.begin).items.isEmpty)
    }

    @Test("what was applied is not applied again, whole or in part")
    func repeats() throws {
        var timeline = try Self.timeline(at: 4)
        _ = timeline.apply(Self.notify(4, 5, 6), now: Self.begin)
        #expect(timeline.apply(Self.notify(4, 5, 6), now: Self.begin) == Timeline.Step())
        #expect(timeline.apply(Self.notify(5, 6, 7), now: Self.begin).items.map(\.seq) == [7])
        #expect(try timeline.apply(Self.reply([5, 6, 7], next: 7), now: Self.begin).items.isEmpty)
        #expect(timeline.seq == 7)
    }

    @Test("a pull that crosses a notify never moves the key back")
    func crossing() throws {
        var timeline = try Self.timeline(at: 4)
        _ = timeline.apply(Self.notify(4, 5, 6), now: Self.begin)
        let step = timeline.apply(try Self.reply([5], next: 5, more: true), now: Self.begin)
        #expect(step.items.isEmpty)
        #expect(step.needsPull)
        #expect(timeline.seq == 6)
    }

    @Test("the saved key goes on where it stood")
    func saved() throws {
        let timeline = try Self.timeline(at: 42)
        #expect(Timeline(savedKey: timeline.serializedKey).seq == 42)
    }

    @Test("a key of another timeline starts over")
    func resync() throws {
        var timeline = try Self.timeline(at: 42)
        timeline.resync()
        #expect(timeline.serializedKey.isEmpty)
        #expect(try timeline.apply(Self.reply([1, 2], next: 2), now: Self.begin).items.map(\.seq) == [1, 2])
    }

    @Test("early pieces are bounded")
    func bounded() throws {
        var timeline = try Self.timeline(at: 0)
        var pulls = 0
        for seq in stride(from: 10 as UInt64, to: 1_000, by: 2) {
            if timeline.apply(Self.notify(seq, seq + 1), now: Self.begin).needsPull { pulls += 1 }
        }
        #expect(pulls > 0)
    }

    @Test(
        "pieces in any order, repeated and mixed with pulls, are applied once each and in order",
        arguments: 1...100 as ClosedRange<UInt64>)
    func anyOrder(seed: UInt64) throws {
        var state = seed &* 0x9e37_79b9_7f4a_7c15
        func random(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        let total: UInt64 = 60
        let own = Set((1...total).filter { _ in random(4) == 0 })
        var arrivals = (1...total).flatMap { seq in Array(repeating: seq, count: random(3) == 0 ? 2 : 1) }
        for index in arrivals.indices { arrivals.swapAt(index, Int(random(UInt64(arrivals.count)))) }
        var timeline = try Self.timeline(at: 0)
        var applied: [UInt64] = []
        for seq in arrivals {
            var step =
                own.contains(seq)
                ? timeline.applySent(previous: seq - 1, seq: seq, now: Self.begin)
                : timeline.apply(Self.notify(seq - 1, seq), now: Self.begin)
            applied += step.items.map(\.seq)
            if random(12) == 0 {
                let upTo = min(total, timeline.seq + random(5))
                step = timeline.apply(
                    try Self.reply(timeline.seq < upTo ? Array(timeline.seq + 1...upTo) : [], next: upTo),
                    now: Self.begin)
                applied += step.items.map(\.seq).filter { !own.contains($0) }
            }
        }
        #expect(applied == (1...total).filter { !own.contains($0) }, "seed \(seed)")
        #expect(timeline.seq == total, "seed \(seed)")
    }
}
