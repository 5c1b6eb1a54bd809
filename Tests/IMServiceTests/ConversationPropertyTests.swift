import Foundation
import IMMessages
import IMService
import Testing

@Suite("Any conversation")
struct ConversationPropertyTests {
    /// SplitMix64 (Steele, Lea, Flood 2014), for runs that a seed replays.
    private struct Seeded: RandomNumberGenerator {
        var state: UInt64

        mutating func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var z = state
            z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
            z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
            return z ^ (z >> 31)
        }
    }

    private struct Planned {
        let from: Int
        let to: Int
        let id: String
    }

    @Test(
        "random senders, recipients, repeats, restarts and crashes: once, and in order",
        arguments: 1...12 as ClosedRange<UInt64>)
    func onceAndInOrder(round: UInt64) async throws {
        let seed = ProcessInfo.processInfo.environment["GODWIT_SEED"].flatMap(UInt64.init) ?? round
        print("conversation property: GODWIT_SEED=\(seed)")
        var random = Seeded(state: seed)
        let core = try CoreHarness(shardCount: Int.random(in: 1...5, using: &random))
        var people: [Person] = []
        for number in 0..<Int.random(in: 2...6, using: &random) {
            people.append(try await Person("user\(number)", on: core))
        }
        var sent: [Planned] = []
        for _ in 0..<Int.random(in: 2...5, using: &random) {
            var requests: [Planned] = []
            for _ in 0..<Int.random(in: 1...120, using: &random) {
                if !sent.isEmpty, Int.random(in: 0..<4, using: &random) == 0 {
                    requests.append(sent[Int.random(in: 0..<sent.count, using: &random)])
                } else {
                    let from = Int.random(in: 0..<people.count, using: &random)
                    let to = Int.random(in: 0..<people.count, using: &random)
                    sent.append(Planned(from: from, to: to, id: "c\(sent.count)"))
                    requests.append(sent[sent.count - 1])
                }
            }
            // Whoever gets no answer asks again, in the same order, as a client does.
            var end = Int.random(in: 0..<3, using: &random)
            while !requests.isEmpty {
                var underWay: [Task<CoreHarness.Reply, Never>] = []
                let answered = end == 1 ? Int.random(in: 0..<requests.count, using: &random) : 0
                for planned in requests {
                    // Before a crash some are done, so that the rest is caught on the way between two shards.
                    if underWay.count == answered { for task in underWay { _ = await task.value } }
                    underWay.append(
                        try people[planned.from].beginSend(people[planned.to].user, planned.id, id: planned.id))
                }
                switch end {
                case 0: try core.restart()
                case 1:
                    core.crash()
                    try core.start()
                default: break
                }
                end = 9
                var unanswered: [Planned] = []
                for (planned, task) in zip(requests, underWay) where await task.value.status != .ok {
                    #expect(await task.value.status == .unavailable, "seed \(seed)")
                    unanswered.append(planned)
                }
                requests = unanswered
            }
        }
        for (index, person) in people.enumerated() {
            let timeline = try await person.timeline(window: UInt32.random(in: 1...50, using: &random))
            #expect(timeline.map(\.seq) == (0..<timeline.count).map { UInt64($0 + 1) }, "seed \(seed)")
            #expect(Set(timeline.map(\.serverID)).count == timeline.count, "seed \(seed)")
            for (other, peer) in people.enumerated() {
                let expected = sent.filter { $0.from == other && $0.to == index }.map(\.id)
                let received = timeline.filter { $0.from == peer.user && (other != index || $0.to == peer.user) }
                #expect(received.map(\.body) == expected, "seed \(seed)")
            }
            for (other, peer) in people.enumerated() {
                let own = timeline.filter { $0.from == person.user && $0.to == peer.user }.map(\.body)
                #expect(own == sent.filter { $0.from == index && $0.to == other }.map(\.id), "seed \(seed)")
            }
        }
    }
}
