import GodwitWire
import NIOCore
import Testing

@testable import GodwitSession

/// Two ends over carriers that lose, repeat and reorder envelopes and die. A failure names its seed.
@Suite("Sessions over failing carriers")
struct SessionPropertyTests {
    private static let seeds: Range<UInt64> = 1..<61
    private static let steps = 300

    private func run(
        _ faults: UnreliableCarrier.Faults, check: (SessionWorld, _ comment: Comment) -> Void
    ) -> [Resumption: Int] {
        var resumptions: [Resumption: Int] = [:]
        for seed in Self.seeds {
            let world = SessionWorld(seed: seed, faults: faults)
            for _ in 0..<Self.steps { world.step() }
            world.settle()
            let comment: Comment = "seed \(seed)"
            #expect(world.problems == [], comment)
            #expect(world.client.heldBackCount == 0, comment)
            check(world, comment)
            resumptions.merge(world.resumptions, uniquingKeysWith: +)
        }
        return resumptions
    }

    @Test("every message arrives once, in its lane's order, and every answer finds its question")
    func badNetwork() {
        var givenUp = (late: 0, cancelled: 0)
        let resumptions = run(.badNetwork) { world, comment in
            #expect(world.serverReaders.count == 1, comment)
            let seen = world.serverReaders.first?.value.seen ?? []
            #expect(seen.isSuperset(of: world.owed) && seen.isSubset(of: world.sentByThisProcess), comment)
            #expect(world.clientReader.seen.isSuperset(of: world.pushed), comment)
            #expect(world.answered.isSuperset(of: world.owedAnswers), comment)
            #expect(world.abandoned == world.late, comment)
            givenUp.late += world.late.count
            givenUp.cancelled += world.cancelled.count
        }
        #expect(givenUp.late > 20 && givenUp.cancelled > 200, "\(givenUp)")
        #expect(resumptions[.resumed, default: 0] > 60)
    }

    @Test("a client process that starts again keeps its session, and all that it sends arrives once")
    func restarts() {
        let resumptions = run(.restarts) { world, comment in
            let last = world.serverReaders.filter { $0.key.incarnation == world.incarnation }
            let seen = last.values.first?.seen ?? []
            #expect(seen.isSuperset(of: world.owed) && seen.isSubset(of: world.sentByThisProcess), comment)
            #expect(last.count <= 1, comment)
            #expect(world.answered.isSuperset(of: world.owedAnswers), comment)
        }
        #expect(resumptions[.restarted, default: 0] > 30)
    }

    @Test("a server that forgot the session gets unacknowledged requests again; those it had taken are reported")
    func forgetfulServer() {
        let resumptions = run(.forgetfulServer) { world, comment in
            let delivered = world.serverReaders.values.reduce(into: Set<SessionWorld.Tag>()) { $0.formUnion($1.seen) }
            #expect(delivered.isSuperset(of: world.owed) && delivered.isSubset(of: world.sentByThisProcess), comment)
            #expect(world.answered.union(world.abandoned).isSuperset(of: world.owedAnswers), comment)
        }
        #expect(resumptions[.new, default: 0] > Self.seeds.count)
    }

    @Test("restarts, forgetting and a bad network together break no order and repeat nothing within a session")
    func everything() {
        _ = run(.everything) { world, comment in
            #expect(world.answered.union(world.abandoned).isSuperset(of: world.owedAnswers), comment)
        }
    }
}
