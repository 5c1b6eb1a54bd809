import GodwitWire
import NIOCore
import Testing

@testable import GodwitClient

@Suite("When stream joins datagram")
struct ConnectPlanStaggerTests {
    private typealias World = ConnectPlanWorld

    @Test("datagram starts alone and stream joins after 250 ms without an answer")
    func staggeredRace() {
        var world = World()
        world.log += world.plan.start(now: world.now)
        #expect(world.started(.datagram).count == 1)
        world.pass(.milliseconds(249))
        #expect(world.started(.stream).isEmpty)
        world.pass(.milliseconds(1))
        #expect(world.started(.stream).count == 1)
    }

    @Test(
        "a datagram handshake that was answered has twice as long again before stream joins",
        arguments: [(50, 250), (180, 360), (199, 398)])
    func answeredHandshake(answer: Int64, patience: Int64) throws {
        var world = World()
        world.log += world.plan.start(now: world.now)
        world.pass(.milliseconds(answer))
        world.plan.progressed(try world.attempt(.datagram), now: world.now)
        world.pass(.milliseconds(patience - 1))
        #expect(world.started(.stream).isEmpty)
        world.pass(.milliseconds(1))
        #expect(world.started(.stream).count == 1)
    }

    @Test(
        "where only stream was answered it begins with datagram the next time, until datagram is heard or the network is another"
    )
    func unheardDatagram() throws {
        var world = World()
        world.log += world.plan.start(now: world.now)
        world.pass(.milliseconds(400))
        try world.open(.stream)
        #expect(world.plan.datagramIsUnheard)
        func streamStartsAtOnce(_ change: (inout World) throws -> Void) rethrows -> Bool {
            var again = world
            try change(&again)
            again.log += again.plan.stop()
            _ = again.take()
            again.log += again.plan.start(now: again.now)
            #expect(again.started(.datagram).count == 1)
            guard let stream = again.started(.stream).first else { return false }
            // Before datagram: it has the ticket.
            let first = again.log.first { if case .start = $0 { true } else { false } }
            #expect(first == .start(stream, .stream))
            return true
        }
        #expect(streamStartsAtOnce { _ in })
        #expect(!streamStartsAtOnce { $0.log += $0.plan.networkChanged(now: $0.now) })
        #expect(!streamStartsAtOnce { $0.plan.forgetPath() })
        // The attempt that is made beside an open stream.
        try #expect(
            !streamStartsAtOnce {
                $0.pass(.seconds(4))
                $0.plan.progressed(try $0.attempt(.datagram), now: $0.now)
            })
        var saved = ServerMemory()
        saved.datagramIsUnheard = world.plan.datagramIsUnheard
        #expect(ServerMemory(saved: saved.saved)?.datagramIsUnheard == true)
        saved.networkChanged()
        #expect(ServerMemory(saved: saved.saved)?.datagramIsUnheard == false)
    }

    @Test("a datagram attempt that was answered, only late, is still the first the next time")
    func lateDatagram() throws {
        var world = World()
        world.log += world.plan.start(now: world.now)
        world.pass(.milliseconds(400))
        world.plan.progressed(try world.attempt(.datagram), now: world.now)
        try world.open(.stream)
        #expect(!world.plan.datagramIsUnheard)
    }

    @Test("a failed datagram attempt lets stream start at once")
    func failureEndsTheStagger() throws {
        var world = World()
        world.log += world.plan.start(now: world.now)
        world.pass(.milliseconds(20))
        world.log += world.plan.failed(try world.attempt(.datagram), .unreachable, now: world.now)
        #expect(world.started(.stream).count == 1)
        #expect(world.log.contains(.failed(.datagram, .connect, .unreachable)))
    }
}
