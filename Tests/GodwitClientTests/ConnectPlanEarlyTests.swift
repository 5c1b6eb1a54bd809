import GodwitWire
import NIOCore
import Testing

@testable import GodwitClient

@Suite("The connect plan with early data")
struct ConnectPlanEarlyTests {
    private typealias World = ConnectPlanWorld

    @Test("a first flight that can open the session does, and the answer finds it open")
    func early() throws {
        var world = World()
        world.log += world.plan.start(now: world.now)
        let id = try world.attempt(.datagram)
        #expect(world.plan.canSendEarly(id, now: world.now) == [.attach(id)])
        world.pass(.milliseconds(100))
        world.plan.progressed(id, now: world.now)
        #expect(world.plan.established(id, now: world.now).isEmpty)
        #expect(world.plan.opened(id, now: world.now) == [.status(.connected(.datagram))])
    }

    @Test("a first flight that nobody answered gives way to a carrier that was heard, and is cancelled")
    func earlyGivesWay() throws {
        var world = World()
        world.log += world.plan.start(now: world.now)
        let early = try world.attempt(.datagram)
        _ = world.plan.canSendEarly(early, now: world.now)
        world.pass(.milliseconds(400))
        let stream = try world.attempt(.stream)
        // Datagram tries again beside it.
        #expect(world.plan.established(stream, now: world.now).prefix(2) == [.cancel(early), .attach(stream)])
    }

    @Test("a first flight that nobody answers gets company, and fails as an attempt to connect")
    func earlyUnanswered() throws {
        var world = World(.datagram)
        world.log += world.plan.start(now: world.now)
        let early = try world.attempt(.datagram)
        _ = world.plan.canSendEarly(early, now: world.now)
        world.pass(.milliseconds(1_300))
        #expect(world.started(.datagram).count == 2)
        world.pass(.seconds(12))
        #expect(world.log.contains(.failed(.datagram, .connect, .timedOut)))
    }
}
