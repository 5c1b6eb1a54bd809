import GodwitWire
import NIOCore
import Testing

@testable import GodwitClient

@Suite("The connect plan")
struct ConnectPlanTests {
    private typealias World = ConnectPlanWorld

    @Test("a stopped plan wants nothing; started again it begins as at first, whatever failed before")
    func stopAndStart() throws {
        var world = World()
        world.log += world.plan.start(now: world.now)
        for _ in 0..<6 {
            world.log += world.plan.failed(try world.attempt(.datagram), .refused, now: world.now)
            world.pass(.seconds(10))
        }
        world.log += world.plan.stop()
        _ = world.take()
        world.pass(.minutes(1))
        #expect(world.take().isEmpty)
        #expect(world.plan.pollTimeout() == nil)
        world.log += world.plan.start(now: world.now)
        #expect(world.plan.outageSince == world.now)
        #expect(world.started(.datagram).count == 1)
        #expect(world.started(.stream).isEmpty)
    }

    @Test("what the server asked for in patience holds for a plan that was stopped meanwhile")
    func stoppedWhileHeld() {
        var world = World()
        world.log += world.plan.start(now: world.now)
        world.plan.holdOff(until: world.now + .seconds(20))
        world.log += world.plan.stop() + world.plan.start(now: world.now)
        _ = world.take()
        world.pass(.seconds(19))
        #expect(world.started(.datagram).isEmpty && world.started(.stream).isEmpty)
        world.pass(.seconds(2))
        #expect(world.started(.datagram).count == 1)
    }

    @Test("the first carrier to open wins and the loser is closed")
    func winnerTakesAll() throws {
        var world = World()
        world.log += world.plan.start(now: world.now)
        world.pass(.milliseconds(400))
        let loser = try world.attempt(.datagram)
        _ = world.take()
        try world.open(.stream)
        #expect(world.log.contains(.cancel(loser)))
        #expect(world.log.contains(.status(.connected(.stream))))
        #expect(world.plan.attempts.count == 1)
    }

    @Test("a datagram session that opens early never lets stream begin")
    func datagramAlone() throws {
        var world = try World.carried(by: .datagram, after: .milliseconds(150))
        world.pass(.minutes(10))
        #expect(world.started(.stream).isEmpty)
        #expect(world.started(.datagram).count == 1)
    }

    @Test("on stream, datagram is tried again at growing intervals and takes over when it opens")
    func returnToDatagram() throws {
        var world = try World.carried(by: .stream, after: .milliseconds(300))
        let stream = try world.attempt(.stream)
        _ = world.take()
        var starts: [NIODeadline] = []
        for _ in 0..<240 {
            world.pass(.milliseconds(500))
            for id in world.started(.datagram) {
                starts.append(world.now)
                world.log += world.plan.failed(id, .timedOut, now: world.now)
            }
            _ = world.take()
        }
        let gaps = zip(starts, starts.dropFirst()).map { $1 - $0 }
        #expect(gaps.count >= 3)
        #expect(zip(gaps, gaps.dropFirst()).allSatisfy { $0 < $1 })

        while world.started(.datagram).isEmpty { world.pass(.seconds(10)) }
        try world.open(.datagram)
        #expect(world.log.contains(.cancel(stream)))
        #expect(world.log.contains(.status(.connected(.datagram))))
    }

    @Test("the waits between attempts stay within 3 seconds while the user waits", arguments: 1...20)
    func boundedBackoff(seed: Int) {
        var world = World(.stream, seed: UInt64(seed))
        world.log += world.plan.start(now: world.now)
        var last = world.now
        for _ in 0..<200 {
            world.pass(.milliseconds(50))
            for id in world.started(.stream) {
                #expect(world.now - last <= .milliseconds(3_800), "seed \(seed)")
                last = world.now
                world.log += world.plan.failed(id, .refused, now: world.now)
            }
            _ = world.take()
        }
    }

    @Test("the back-off begins at 0.1 s, grows by 1.6 and ends at its cap")
    func backoffSteps() {
        var backoff = ReconnectBackoff()
        // A source that always draws the middle: no jitter.
        let middle = RandomSource { 1 << 63 }
        var waits: [Int64] = []
        for _ in 0..<12 {
            backoff.fail()
            waits.append(backoff.delay(eager: true, random: middle).nanoseconds / 1_000_000)
        }
        #expect(waits.prefix(4) == [100, 160, 256, 409])
        #expect(waits.last == 3_000)
        #expect(backoff.delay(eager: false, random: middle).nanoseconds > 3_000_000_000)
    }

    @Test("an attempt that hears nothing gets company, three at most, so that a returning network is noticed soon")
    func companyInTheDark() {
        var world = World(.stream)
        world.log += world.plan.start(now: world.now)
        var newest = world.now
        for _ in 0..<80 {
            world.pass(.milliseconds(100))
            if !world.started(.stream).isEmpty { newest = world.now }
            _ = world.take()
            #expect(world.plan.attempts.count <= 3)
            if world.plan.attempts.count < 3 { #expect(world.now - newest <= .milliseconds(1_300)) }
        }
    }

    @Test("silence with data outstanding races a fresh handshake beside the old carrier")
    func suspicion() throws {
        var world = try World.carried(by: .datagram, after: .milliseconds(100))
        let old = try world.attempt(.datagram)
        _ = world.take()
        let traffic = ConnectPlan.Traffic(
            outstandingSince: world.now, lastHeardAt: world.now, roundTrip: .milliseconds(100))
        world.log += world.plan.observe(traffic, hasWork: true, now: world.now)
        world.pass(.milliseconds(2_900))
        #expect(world.log.isEmpty)
        world.pass(.milliseconds(200))
        #expect(world.started(.datagram).count == 1)
        #expect(world.plan.suspected)
        #expect(world.plan.attempts.contains { $0.id == old })

        let fresh = try world.attempt(.datagram)
        world.log += world.plan.established(fresh, now: world.now)
        #expect(world.log.contains(.attach(fresh)))
        #expect(world.log.contains(.cancel(old)))
    }

    @Test("a suspect carrier is one of the three of its kind that may be tried at a time")
    func suspectCounts() throws {
        var world = try World.carried(by: .datagram, after: .milliseconds(100))
        let since = world.now
        world.log += world.plan.observe(.init(outstandingSince: since, lastHeardAt: since), hasWork: true, now: since)
        world.pass(.seconds(9))
        #expect(world.plan.suspected)
        #expect(world.plan.attempts.filter { $0.carrier == .datagram }.count == 3)
        #expect(world.plan.attempts.filter { $0.carrier == .stream }.count == 3)
    }

    @Test("a blackout ends as soon as the old carrier is heard: the rivals are cancelled, nothing is reopened")
    func blackoutReturn() throws {
        var world = try World.carried(by: .datagram, after: .milliseconds(100))
        let old = try world.attempt(.datagram)
        let since = world.now
        world.log += world.plan.observe(.init(outstandingSince: since, lastHeardAt: since), hasWork: true, now: since)
        world.pass(.seconds(8))
        _ = world.take()
        world.log += world.plan.observe(
            .init(outstandingSince: since, lastHeardAt: world.now), hasWork: true, now: world.now)
        #expect(world.plan.attempts.map(\.id) == [old])
        #expect(!world.plan.suspected)
        #expect(!world.log.contains { if case .failed = $0 { true } else { false } })
    }

    @Test("with a long round trip patience is six of them")
    func patienceOnSlowNetworks() throws {
        var world = World(.datagram)
        world.log += world.plan.start(now: world.now)
        try world.open(.datagram)
        let since = world.now
        world.log += world.plan.observe(
            .init(outstandingSince: since, lastHeardAt: since, roundTrip: .milliseconds(900)), hasWork: true, now: since
        )
        world.pass(.milliseconds(5_300))
        #expect(!world.plan.suspected)
        world.pass(.milliseconds(200))
        #expect(world.plan.suspected)
    }

    @Test("a change of network rebinds datagram and replaces stream")
    func networkChange() throws {
        var world = try World.carried(by: .datagram, after: .milliseconds(100))
        let datagram = try world.attempt(.datagram)
        #expect(world.plan.networkChanged(now: world.now) == [.rebind(datagram)])

        var other = World(.stream)
        other.log += other.plan.start(now: other.now)
        try other.open(.stream)
        other.pass(.seconds(60))
        _ = other.take()
        other.log += other.plan.networkChanged(now: other.now)
        #expect(other.started(.stream).count == 1)
    }

    @Test("a lost carrier that had proved itself is replaced at once")
    func quickReplacement() throws {
        var world = World(.stream)
        world.log += world.plan.start(now: world.now)
        try world.open(.stream)
        world.pass(.seconds(60))
        let id = try world.attempt(.stream)
        _ = world.take()
        world.log += world.plan.failed(id, .lost, now: world.now)
        #expect(world.started(.stream).count == 1)
        #expect(world.log.contains(.status(.disconnected)))
        #expect(world.log.contains(.status(.connecting)))
    }

    @Test("an attempt that never ends is ended and accounted for with the phase it reached")
    func attemptTimeout() throws {
        var world = World(.datagram)
        world.log += world.plan.start(now: world.now)
        let id = try world.attempt(.datagram)
        world.plan.progressed(id, now: world.now)
        world.pass(.seconds(13))
        #expect(world.log.contains(.failed(.datagram, .handshake, .timedOut)))
        #expect(world.log.contains(.cancel(id)))
    }

    @Test("a ready carrier takes over from one that does not open the session")
    func openingPatience() throws {
        var (world, datagram, stream) = try World.racing()
        world.log += world.plan.established(datagram, now: world.now)
        world.log += world.plan.established(stream, now: world.now)
        #expect(world.attached == [datagram])
        world.pass(.milliseconds(1_100))
        #expect(world.attached == [datagram, stream])
        // It has had its turn: the stream gets a whole one.
        world.pass(.milliseconds(800))
        world.log += world.plan.handleTimeout(now: world.now)
        #expect(world.attached == [datagram, stream])
        world.pass(.milliseconds(300))
        #expect(world.attached == [datagram, stream, datagram])
    }

    @Test("datagram takes over at once from a stream that has not opened the session yet")
    func datagramIsPreferred() throws {
        var (world, datagram, stream) = try World.racing()
        world.log += world.plan.established(stream, now: world.now)
        #expect(world.attached == [stream])
        world.log += world.plan.established(datagram, now: world.now)
        #expect(world.attached == [stream, datagram])
        // The stream stays in reserve.
        #expect(!world.log.contains(.cancel(stream)))
        world.log += world.plan.opened(datagram, now: world.now)
        #expect(world.log.contains(.cancel(stream)))
    }

    @Test("a server's request for patience is kept")
    func holdOff() throws {
        var world = World(.stream)
        world.log += world.plan.start(now: world.now)
        let id = try world.attempt(.stream)
        _ = world.take()
        world.plan.holdOff(until: world.now + .seconds(20))
        world.log += world.plan.failed(id, .rejected, now: world.now)
        world.pass(.milliseconds(19_900))
        #expect(world.started(.stream).isEmpty)
        world.pass(.milliseconds(200))
        #expect(world.started(.stream).count == 1)
    }

    @Test("whatever happens, timers advance and attempts stay few", arguments: 1...200)
    func randomLives(seed: UInt64) {
        let random = RandomSource.seeded(seed)
        var world = World(CarrierPreference.allCases[Int(random.next() % 3)], seed: seed)
        world.log += world.plan.start(now: world.now)
        for _ in 0..<300 {
            world.pass(.milliseconds(Int64(random.next() % 2_000)))
            if let attempt = world.plan.attempts.randomElement(by: random) {
                switch random.next() % 6 {
                case 0: world.plan.progressed(attempt.id, now: world.now)
                case 1: world.log += world.plan.established(attempt.id, now: world.now)
                case 2: world.log += world.plan.opened(attempt.id, now: world.now)
                case 3: world.log += world.plan.failed(attempt.id, .lost, now: world.now)
                case 4: world.log += world.plan.networkChanged(now: world.now)
                default:
                    let since = random.next() % 2 == 0 ? world.now : nil
                    world.log += world.plan.observe(
                        .init(outstandingSince: since, lastHeardAt: world.now), hasWork: true, now: world.now)
                }
            }
            #expect(world.plan.attempts.count <= 7, "seed \(seed)")
            #expect(world.plan.attempts.filter { $0.phase >= .opening }.count <= 1, "seed \(seed)")
            _ = world.take()
        }
        // However it stands, it gets a session again once the network works.
        for _ in 0..<200 where world.plan.attached?.phase != .open {
            world.pass(.milliseconds(200))
            for attempt in world.plan.attempts {
                world.log += world.plan.established(attempt.id, now: world.now)
                if let attached = world.plan.attached { world.log += world.plan.opened(attached.id, now: world.now) }
            }
        }
        #expect(world.plan.attached?.phase == .open, "seed \(seed)")
    }
}

extension Array {
    fileprivate func randomElement(by random: RandomSource) -> Element? {
        isEmpty ? nil : self[Int(random.next() % UInt64(count))]
    }
}
