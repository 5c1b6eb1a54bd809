import GodwitWire
import NIOCore
import Testing

@testable import GodwitTunnel

@Suite("Tunnels, whatever happens")
struct TunnelPropertyTests {
    @Test("each direction's bytes arrive once, in order, with their end, and nothing grows beyond its bound")
    func bytesArrive() throws {
        for seed in Seeds.some(12) {
            let world = TunnelWorld(seed: seed)
            for tunnel in 1...UInt64(1 + world.below(6)) {
                world.open(tunnel, up: world.below(400_000), down: world.below(400_000))
            }
            try world.run()
            #expect(world.client.table.count == 0 && world.edge.table.count == 0, "seed \(seed)")
            for (tunnel, program) in world.client.programs {
                let target = try #require(world.edge.programs[tunnel])
                #expect(target.heard == Array(program.spoken) && target.sawEnd && target.isFinished, "seed \(seed)")
                #expect(program.heard == Array(target.spoken) && program.sawEnd && program.isFinished, "seed \(seed)")
                #expect(program.isDone && target.isDone, "seed \(seed)")
                #expect(max(program.mostUntaken, target.mostUntaken) <= 256 << 10, "seed \(seed)")
                #expect(
                    world.client.ended[tunnel] == .some(nil) && world.edge.ended[tunnel] == .some(nil), "seed \(seed)")
            }
            // The last frame of either bound may exceed it by its own size.
            #expect(world.mostBacklog.messages <= TunnelLimits.backlogMessages, "seed \(seed)")
            #expect(
                world.mostBacklog.bytes
                    <= SendAllowance.range.upperBound + TunnelLimits.frameBytes + 256 * TunnelFrame.maximumOverhead * 2,
                "seed \(seed)")
        }
    }

    @Test(
        "when programs die both ends of their tunnels break, the others are whole, and what was heard is a beginning of what was said"
    )
    func deaths() throws {
        for seed in Seeds.some(8) {
            let world = TunnelWorld(seed: seed)
            for tunnel in 1...6 as ClosedRange<UInt64> {
                world.open(tunnel, up: world.below(300_000), down: world.below(300_000))
            }
            try world.run(deaths: 0.01)
            #expect(world.client.table.count == 0 && world.edge.table.count == 0, "seed \(seed)")
            for (tunnel, program) in world.client.programs {
                let target = try #require(world.edge.programs[tunnel])
                #expect(
                    program.spoken.starts(with: target.heard) && target.spoken.starts(with: program.heard),
                    "seed \(seed)")
                // An end that one side did not see whole is a break there.
                #expect(!target.sawEnd || target.heard == Array(program.spoken), "seed \(seed)")
                #expect(!program.sawEnd || program.heard == Array(target.spoken), "seed \(seed)")
                #expect(!program.isOpen && !target.isOpen, "seed \(seed)")
            }
        }
    }

    @Test("a program that does not read stops its own sender after a window, and no other tunnel")
    func slowReader() throws {
        for seed in Seeds.some(5) {
            let world = TunnelWorld(seed: seed)
            world.open(1, up: 2_000_000, down: 0)
            let (client, edge) = (world.client, world.edge)
            let slow = try #require(edge.programs[1])
            edge.programs[1] = nil
            let talker = try #require(client.programs[1])
            world.open(2, up: 300_000, down: 300_000)
            let other = try #require(edge.programs[2])
            for _ in 0..<100_000 where !other.isFinished { try world.step() }
            #expect(other.isFinished, "seed \(seed)")
            #expect(slow.mostUntaken == TunnelLimits.initialWindow, "seed \(seed)")
            #expect(talker.said <= TunnelLimits.initialWindow + TunnelLimits.unsentBytes + 20_000, "seed \(seed)")
            // It reads after all: nothing was lost meanwhile.
            edge.programs[1] = slow
            try world.run()
            #expect(slow.heard == Array(talker.spoken) && talker.isDone, "seed \(seed)")
        }
    }
}

/// Seeds that a failure names; GODWIT_TUNNEL_SEED replays one.
enum Seeds {
    static func some(_ count: Int) -> [UInt64] {
        if let text = ProcessEnvironment["GODWIT_TUNNEL_SEED"], let seed = UInt64(text) { return [seed] }
        let first = UInt64.random(in: 0...UInt64(UInt32.max))
        print("seeds from \(first), \(count) of them")
        return (0..<UInt64(count)).map { first + $0 }
    }
}
