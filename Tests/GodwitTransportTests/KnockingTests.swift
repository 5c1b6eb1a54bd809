import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

private let start = NIODeadline.uptimeNanoseconds(10_000_000_000)

@Suite("Knocking")
struct KnockingTests {
    @Test(
        "knocks are two thirds of a round trip apart, closer where many are lost, farther for large messages, never below 25 ms"
    )
    func interval() {
        var knocking = Knocking()
        #expect(knocking.interval(roundTrip: .milliseconds(150), loss: 0) == .milliseconds(100))
        #expect(knocking.interval(roundTrip: .milliseconds(150), loss: 0.2) == .milliseconds(80))
        #expect(knocking.interval(roundTrip: .milliseconds(150), loss: 1) == .milliseconds(50))
        #expect(knocking.interval(roundTrip: .milliseconds(20), loss: 0) == Knocking.minimumInterval)
        knocking.sent(bytes: Knocking.bytesEachRoundTrip)
        #expect(knocking.interval(roundTrip: .milliseconds(150), loss: 0) == .milliseconds(150))
    }

    @Test("knocking ends after ten seconds, or when its bytes are used up, and a new message counts as a knock")
    func ends() {
        let gap = TimeAmount.milliseconds(50)
        var knocking = Knocking()
        #expect(knocking.deadline(lastAsked: start, interval: gap) == start + gap)
        knocking.knock(.ping, now: start + gap)
        #expect(knocking.take() == .ping)
        #expect(knocking.take() == nil)
        #expect(knocking.deadline(lastAsked: start, interval: gap) == start + gap + gap)
        let asked = start + .milliseconds(70)
        #expect(knocking.deadline(lastAsked: asked, interval: gap) == asked + gap)
        knocking.knock(.message(4), now: start + .seconds(10))
        #expect(knocking.lastMessage == 4)
        #expect(knocking.deadline(lastAsked: start, interval: gap) == start + .seconds(10) + gap)
        knocking.knock(.message(5), now: start + .seconds(10) + gap)
        #expect(knocking.deadline(lastAsked: start, interval: gap) == nil)

        var spent = Knocking()
        spent.knock(.message(1), now: start)
        spent.sent(bytes: Knocking.maximumBytes)
        #expect(spent.deadline(lastAsked: start, interval: gap) == nil)
    }

    /// A chat in which nothing passes for 8 s, and how long after that the first echo arrives.
    ///
    /// - Parameter types: messages go on being written in the dark.
    private func recovery(oneWay: TimeAmount, loss: Double, types: Bool, seed: UInt64) throws -> Int64? {
        let pair = try TransportPair(seed: seed)
        pair.up.delay = oneWay
        pair.down.delay = oneWay
        pair.serverEchoes = true
        pair.connect()
        pair.setLoss(loss)
        // Where in an interval the path returns differs from seed to seed.
        let calm = 24 + Int(seed % 5)
        for index in 0..<calm { try say(pair, index) }
        pair.isCut = true
        _ = try pair.sendFromClient(testMessage(130, seed: 99))
        let dark = TimeAmount.milliseconds(8_000 + Int64(seed % 10) * 23)
        let light = pair.now + dark
        var index = calm
        while types, pair.now + .milliseconds(250) < light {
            try say(pair, index)
            index += 1
        }
        pair.run(for: light - pair.now)
        pair.isCut = false
        let before = pair.clientMessages.count
        guard pair.run(for: .seconds(10), until: { pair.clientMessages.count > before }) else { return nil }
        return (pair.now - light).nanoseconds
    }

    private func say(_ pair: TransportPair, _ index: Int) throws {
        _ = try pair.sendFromClient(testMessage(130, seed: UInt64(index)))
        pair.run(for: .milliseconds(250))
    }

    /// One and a half round trips can be had at 20 % loss each way as well. A knock is answered with probability 0.8 × 0.96, since the
    /// answer has a copy; so the median wait for the first that is answered is 0.65 of the interval, which is 0.53 of a round trip.
    @Test(
        "8 s of darkness end within one and a half round trips, in the median over seeds",
        arguments: [(35, 0.0), (35, 0.2), (75, 0.0), (75, 0.2)], [true, false])
    func returnOfThePath(path: (oneWay: Int64, loss: Double), types: Bool) throws {
        let oneWay = TimeAmount.milliseconds(path.oneWay)
        let times = try (1...21).map { seed in
            try #require(
                try recovery(oneWay: oneWay, loss: path.loss, types: types, seed: UInt64(seed)), "seed \(seed)")
        }.sorted()
        let roundTrip = 2 * oneWay.nanoseconds
        #expect(times[10] <= roundTrip * 3 / 2, "\(times.map { $0 / 1_000_000 }) ms")
        // A clean path leaves nothing to chance.
        if path.loss == 0 { #expect(times[20] <= roundTrip * 2, "\(times.map { $0 / 1_000_000 }) ms") }
    }

    @Test("a peer that is gone costs ten seconds of knocks at most, then as much as before, until the connection ends")
    func deadPeer() throws {
        let pair = try TransportPair()
        pair.serverEchoes = true
        pair.connect()
        pair.isCut = true
        _ = try pair.sendFromClient(testMessage(130, seed: 1))
        // Besides the knocks there are the message, what three probes repeat, and a few probes behind the knocks.
        let before = pair.up.sentBytes
        pair.run(for: .seconds(12))
        let knocks = pair.up.sentDatagrams
        #expect(pair.client.statistics.probes > 100)
        #expect(pair.up.sentBytes - before <= Knocking.maximumBytes + 4_000)
        pair.run(for: .seconds(8))
        // One probe a second, when the timer has grown to that.
        #expect(pair.up.sentDatagrams - knocks < 16)
        pair.run(for: .seconds(20))
        #expect(pair.clientClosed == .idleTimeout)
    }

    @Test("the bytes last for all ten seconds, whatever a message's size", arguments: [20, 130, 200, 400, 590])
    func bytesLast(size: Int) throws {
        let pair = try TransportPair()
        pair.serverEchoes = true
        pair.connect()
        pair.isCut = true
        _ = try pair.sendFromClient(testMessage(size, seed: 1))
        pair.run(for: .milliseconds(9_500))
        let before = pair.up.sentDatagrams
        pair.run(for: .milliseconds(400))
        // A packet holds up to 30 bytes besides the message.
        let interval = max(34, 10_000 * Double(size + 30) / Double(Knocking.maximumBytes))
        #expect(Double(pair.up.sentDatagrams - before) >= 400 / interval - 1)
        pair.run(for: .seconds(3))
        let after = pair.up.sentDatagrams
        pair.run(for: .seconds(5))
        #expect(pair.up.sentDatagrams - after < 10)
    }

    @Test("knocks go round among the messages that wait, so that each that gets through is news")
    func turns() throws {
        let pair = try TransportPair()
        pair.serverEchoes = true
        pair.connect()
        pair.isCut = true
        for index in 0..<3 { try say(pair, index) }
        pair.run(for: .seconds(2))
        pair.up.isCut = false
        // Knocks that arrive while the way back is still dark: each brings another message.
        pair.run(for: .milliseconds(25 + 3 * 40)) { pair.serverMessages.count == 3 }
        #expect(pair.serverMessages.count == 3)
    }

    @Test("where only a large message waits, a knock is a PING, and the answer brings on the rest")
    func largeMessage() throws {
        let pair = try TransportPair()
        pair.connect()
        pair.isCut = true
        _ = try pair.sendFromClient(testMessage(3_000, seed: 1))
        pair.run(for: .seconds(2))
        let before = pair.up.sentBytes
        pair.run(for: .seconds(4))
        #expect((pair.up.sentBytes - before) / 4 < 30 * 40)
        pair.isCut = false
        let light = pair.now
        pair.run(for: .seconds(2)) { !pair.serverMessages.isEmpty }
        // A knock, its answer, and the message.
        #expect(pair.now - light <= .milliseconds(34 + 3 * 25 + 10))
    }

    @Test("nobody knocks for a question that only keeps a binding")
    func nobodyWaits() throws {
        let pair = try TransportPair()
        pair.connect()
        pair.isCut = true
        // KEEP_ALIVE goes after five seconds of silence.
        pair.run(for: .seconds(10))
        #expect(pair.client.statistics.keepAlivesSent == 1)
        #expect(pair.client.statistics.probes < 12)
    }

    @Test("knocks keep to three bytes for each of an address that is not validated", arguments: 1...4)
    func amplification(seed: UInt64) throws {
        let pair = try TransportPair(seed: seed)
        pair.serverEchoes = true
        pair.connect()
        let victim = Address(ipv4: 0xcb00_7109, port: 9)
        var toVictim = 0
        pair.onServerDatagram = { datagram, destination in
            if destination == victim { toVictim += datagram.readableBytes }
        }
        var stolen: ByteBuffer?
        pair.onClientDatagram = { stolen = $0 }
        pair.isCut = true
        _ = try pair.sendFromClient(testMessage(300, seed: 1))
        pair.run(for: .milliseconds(1))
        let packet = try #require(stolen)
        pair.deliverToServer(packet, from: victim)
        pair.run(for: .seconds(8))
        #expect(toVictim > 0)
        #expect(toVictim <= 3 * packet.readableBytes)
    }

    @Test("the pacer owes nothing for what was sent into silence")
    func noDebt() throws {
        let pair = try TransportPair()
        pair.serverEchoes = true
        pair.connect()
        for index in 0..<40 { try say(pair, index) }
        pair.isCut = true
        for index in 40..<72 { try say(pair, index) }
        pair.isCut = false
        let light = pair.now
        pair.run(for: .seconds(10)) { pair.clientMessages.count == 72 }
        #expect(pair.clientMessages.count == 72)
        // A knock and its answer, and with it all that waits.
        #expect(pair.now - light <= .milliseconds(34 + 4 * 25 + 20))
    }

    @Test("an empty message knocks as well")
    func emptyMessage() throws {
        let pair = try TransportPair()
        pair.connect()
        pair.isCut = true
        _ = try pair.sendFromClient(ByteBuffer())
        pair.run(for: .seconds(5))
        pair.isCut = false
        let light = pair.now
        pair.run(for: .seconds(2)) { !pair.serverMessages.isEmpty }
        #expect(pair.serverMessages == [ByteBuffer()])
        #expect(pair.now - light <= .milliseconds(34 + 25 + 10))
        #expect(pair.clientClosed == nil)
    }

    @Test("what was sent into silence is no sign of congestion, not even what was sent right before the path's return")
    func noBlame() throws {
        var configuration = TransportConfiguration.client
        configuration.congestion = .cubic
        let pair = try TransportPair(clientConfiguration: configuration)
        pair.serverEchoes = true
        pair.connect()
        for index in 0..<10 { try say(pair, index) }
        let window = pair.client.statistics.congestionWindowBytes
        pair.isCut = true
        for index in 10..<26 { try say(pair, index) }
        pair.isCut = false
        pair.run(for: .seconds(2)) { pair.clientMessages.count == 26 }
        pair.run(for: .milliseconds(200))
        #expect(pair.client.statistics.packetsLost > 20)
        #expect(pair.client.statistics.congestionWindowBytes >= window)
    }
}
