import NIOCore
import Testing

@testable import IMClient

@Suite("The outbox")
struct OutboxTests {
    private static let begin = NIODeadline.uptimeNanoseconds(1_000_000_000)

    private static func outbox(_ entries: [(String, String)], inFlight: Int = 64) -> Outbox {
        var outbox = Outbox(limit: 100, maximumInFlight: inFlight)
        for (index, (id, to)) in entries.enumerated() {
            outbox.append(
                OutboxEntry(number: UInt64(index + 1), id: id, to: to, body: id, timeMilliseconds: 0), now: begin)
        }
        return outbox
    }

    private static func words(_ departures: [Outbox.Departure]) -> [String] {
        departures.map { $0.entry.id + ($0.predecessor.map { " after \($0)" } ?? "") }
    }

    @Test("messages go in order, several at a time, each naming its predecessor in the conversation")
    func pipelining() {
        var outbox = Self.outbox([("a1", "a"), ("b1", "b"), ("a2", "a"), ("a3", "a")], inFlight: 3)
        #expect(Self.words(outbox.depart(now: Self.begin)) == ["a1", "b1", "a2 after a1"])
        #expect(outbox.depart(now: Self.begin).isEmpty)
        #expect(outbox.conclude(id: "a1", .settled, now: Self.begin)?.id == "a1")
        #expect(Self.words(outbox.depart(now: Self.begin)) == ["a3 after a2"])
    }

    @Test("after a refusal for overload nothing later overtakes in that conversation")
    func pauseHoldsTheConversation() {
        var outbox = Self.outbox([("a1", "a"), ("a2", "a"), ("b1", "b")], inFlight: 1)
        #expect(Self.words(outbox.depart(now: Self.begin)) == ["a1"])
        #expect(outbox.conclude(id: "a1", .later, now: Self.begin) == nil)
        #expect(Self.words(outbox.depart(now: Self.begin)) == ["b1"])
        #expect(outbox.conclude(id: "b1", .settled, now: Self.begin) != nil)
        #expect(outbox.depart(now: Self.begin).isEmpty)
        #expect(outbox.nextDeparture(after: Self.begin) == Self.begin + Outbox.firstPause)
        #expect(Self.words(outbox.depart(now: Self.begin + Outbox.firstPause)) == ["a1"])
    }

    @Test("a message whose predecessor is missing on the server waits until it is the first")
    func conflict() {
        var outbox = Self.outbox([("a1", "a"), ("a2", "a")])
        #expect(outbox.depart(now: Self.begin).count == 2)
        _ = outbox.conclude(id: "a1", .later, now: Self.begin)
        _ = outbox.conclude(id: "a2", .outOfOrder, now: Self.begin)
        let later = Self.begin + .seconds(1)
        #expect(Self.words(outbox.depart(now: later)) == ["a1"])
        #expect(outbox.depart(now: later).isEmpty)
        #expect(outbox.conclude(id: "a1", .settled, now: later) != nil)
        #expect(Self.words(outbox.depart(now: later)) == ["a2"])
    }

    @Test("pauses grow and are bounded")
    func growingPauses() throws {
        var outbox = Self.outbox([("a1", "a")])
        var now = Self.begin
        var pauses: [TimeAmount] = []
        for _ in 0..<12 {
            #expect(outbox.depart(now: now).count == 1)
            _ = outbox.conclude(id: "a1", .later, now: now)
            let next = try #require(outbox.nextDeparture(after: now))
            pauses.append(next - now)
            now = next
        }
        #expect(pauses.first == Outbox.firstPause)
        #expect(pauses.last == Outbox.longestPause)
        #expect(zip(pauses, pauses.dropFirst()).allSatisfy { $0 <= $1 })
    }

    @Test("a late verdict on a settled message changes nothing")
    func lateVerdict() {
        var outbox = Self.outbox([("a1", "a")])
        _ = outbox.depart(now: Self.begin)
        #expect(outbox.conclude(id: "a1", .settled, now: Self.begin) != nil)
        #expect(outbox.conclude(id: "a1", .again, now: Self.begin) == nil)
        #expect(outbox.isEmpty)
    }

    /// A server that takes requests in any order but keeps the rule of `after_client_message_id`, and refuses at random.
    @Test(
        "with random refusals and losses each conversation arrives once and in order",
        arguments: 1...100 as ClosedRange<UInt64>)
    func randomServer(seed: UInt64) {
        var state = seed &* 0x9e37_79b9_7f4a_7c15
        func random(_ bound: UInt64) -> UInt64 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            return (state >> 33) % bound
        }
        let peers = ["a", "b", "c"]
        let messages = (1...40).map { ("m\($0)", peers[Int(random(3))]) }
        var outbox = Self.outbox(messages, inFlight: 8)
        var now = Self.begin
        var stored: [String: [String]] = [:]
        var underWay: [Outbox.Departure] = []
        var rounds = 0
        while !outbox.isEmpty, rounds < 5_000 {
            rounds += 1
            underWay += outbox.depart(now: now)
            guard !underWay.isEmpty else {
                now = outbox.nextDeparture(after: now) ?? now
                continue
            }
            let departure = underWay.remove(at: Int(random(UInt64(underWay.count))))
            let (id, to) = (departure.entry.id, departure.entry.to)
            switch random(10) {
            case 0: _ = outbox.conclude(id: id, .later, now: now)
            case 1: _ = outbox.conclude(id: id, .again, now: now)
            default:
                if let before = departure.predecessor, stored[to]?.contains(before) != true {
                    _ = outbox.conclude(id: id, .outOfOrder, now: now)
                    continue
                }
                if stored[to]?.contains(id) != true { stored[to, default: []].append(id) }
                // Now and then the answer is lost with the session.
                _ = outbox.conclude(id: id, random(8) == 0 ? .again : .settled, now: now)
            }
        }
        for peer in peers {
            #expect(stored[peer] ?? [] == messages.filter { $0.1 == peer }.map(\.0), "seed \(seed)")
        }
    }

    @Test("an entry survives its encoding, and damage is noticed")
    func encoding() {
        let entry = OutboxEntry(number: 7, id: "c1", to: "bo", body: "你好, bo", timeMilliseconds: 1_790_000_000_000)
        #expect(OutboxEntry(number: 7, decoding: entry.encoded()) == entry)
        #expect(OutboxEntry(number: 7, decoding: Array(entry.encoded().dropLast())) == nil)
        #expect(OutboxEntry(number: 7, decoding: []) == nil)
    }
}
