import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

@Suite("Keeping bindings")
struct KeepAliveTests {
    /// The longest silence of the ladder that a binding of `life` seconds survives.
    private func bestRung(_ life: Int64) -> Int64 { KeepAliveSearch.rungs.last { $0 < life } ?? 0 }

    @Test(
        "whatever a translator's bindings live, the client finds nearly that long, and pushes go on arriving",
        arguments: 1...24)
    func learns(seed: UInt64) throws {
        let random = RandomSource.seeded(seed)
        let life = 14 + Int64(random.next() % 700)
        let loss = seed % 3 == 0 ? 0.1 : 0
        let pair = try TransportPair(seed: seed)
        pair.translator = Translator(bindingLife: .seconds(life), keepsPort: random.next() % 2 == 0)
        pair.connect()
        pair.setLoss(loss)
        pair.run(for: .hours(3))
        #expect(pair.client.state == .established && pair.server?.state == .established, "seed \(seed), \(life) s")
        let deafBefore = try #require(pair.translator).deafTime
        // While it learns, at most two rungs' failures are heard late.
        #expect(deafBefore <= .seconds(2 * 150), "seed \(seed), \(life) s")
        for push in 0..<30 {
            pair.run(for: .seconds(Int64(random.next() % 600)))
            _ = try pair.sendFromServer(testMessage(100, seed: UInt64(push)))
            pair.run(for: .seconds(140)) { pair.clientMessages.count == push + 1 }
            #expect(pair.clientMessages.count == push + 1, "seed \(seed), \(life) s: push \(push)")
        }
        let agreed = try #require(pair.client.statistics.agreedSilence)
        #expect(agreed < .seconds(life), "seed \(seed), \(life) s")
        if loss == 0 {
            #expect(agreed >= .seconds(bestRung(life) * 7 / 8), "seed \(seed), \(life) s")
            // A longer silence is tried again, seldom.
            let deaf = try #require(pair.translator).deafTime - deafBefore
            #expect(deaf <= .seconds(3 * 60), "seed \(seed), \(life) s: \(deaf)")
        }
    }

    @Test("without a translator an idle hour costs a few kilobytes, and a remembered network fewer still")
    func idleHour() throws {
        func hour(_ memory: PathMemory?) throws -> (bytes: Int, memory: PathMemory?) {
            let pair = try TransportPair(memory: memory)
            pair.connect()
            let before = pair.up.sentBytes + pair.down.sentBytes
            pair.run(for: .hours(1))
            #expect(pair.client.state == .established)
            return (pair.up.sentBytes + pair.down.sentBytes - before, PathMemory(pair.client.statistics))
        }
        let first = try hour(nil)
        #expect(first.bytes < 2_000)
        let second = try hour(first.memory)
        #expect(second.bytes < 600)
    }

    @Test("a binding that lives no longer as before is noticed")
    func shorterLife() throws {
        let pair = try TransportPair(
            memory: PathMemory(
                smoothedRTT: .milliseconds(50), rttVariation: .milliseconds(5), lossRate: 0,
                keepAlive: KeepAliveMemory(rung: 7, limit: 8)))
        pair.translator = Translator(bindingLife: .seconds(60), keepsPort: true)
        pair.connect()
        pair.run(for: .seconds(6))
        #expect(pair.client.statistics.agreedSilence == .seconds(295 * 7 / 8))
        pair.run(for: .hours(1))
        #expect(pair.client.statistics.agreedSilence == .seconds(55 * 7 / 8))
        #expect(pair.client.statistics.bindingsLost == 10)
    }

    @Test("a limit makes silences short at once, and teaches nothing")
    func limit() throws {
        let pair = try TransportPair()
        pair.connect()
        pair.run(for: .minutes(30))
        let learned = pair.client.statistics.keepAlive
        pair.client.limitSilence(to: .seconds(25))
        pair.run(for: .seconds(1))
        #expect(pair.server?.statistics.agreedSilence == .seconds(25))
        pair.run(for: .minutes(30))
        #expect(pair.client.statistics.keepAlive == learned)
        pair.client.limitSilence(to: nil)
        pair.run(for: .seconds(1))
        #expect(pair.server?.statistics.agreedSilence ?? .zero > .seconds(25))
    }

    @Test("a dead path is noticed after the agreed silence by both ends, though neither speaks")
    func deadPath() throws {
        let pair = try TransportPair()
        pair.connect()
        let start = pair.now
        pair.isCut = true
        pair.run(for: .minutes(5)) { pair.clientClosed != nil && pair.serverClosed != nil }
        #expect(pair.clientClosed == .idleTimeout)
        #expect(pair.serverClosed == .idleTimeout)
        #expect(pair.now - start <= .seconds(25 + 5 + 30))
    }

    @Test("a server takes wishes from ten seconds to an hour")
    func bounds() throws {
        let pair = try TransportPair()
        pair.connect()
        let server = try #require(pair.server)
        for (wish, taken) in [(0, 10), (11, 11), (1 << 61, 3600)] as [(UInt64, Int64)] {
            try server.receiveKeepAlive(seconds: wish)
            #expect(server.statistics.agreedSilence == .seconds(taken))
        }
        #expect(throws: ProtocolError.frameNotAllowed(type: 0x16)) { try pair.client.receiveKeepAlive(seconds: 20) }
    }
}
