import GodwitSimulation
import GodwitTLS
import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

/// A silent connection of a server keeps what its peer relies on and what it has learned, and little else.
@Suite("Rest")
struct RestTests {
    private static func text(_ string: String) -> ByteBuffer { ByteBuffer(string: string) }

    /// A pair whose server rests, with a round trip of 40 ms.
    private func pair(
        seed: UInt64 = 1, loss: Double = 0, change: (inout TransportConfiguration) -> Void = { _ in }
    ) throws -> TransportPair {
        var configuration = TransportConfiguration.server
        change(&configuration)
        let pair = try TransportPair(seed: seed, serverConfiguration: configuration)
        pair.serverRests = true
        pair.setLoss(loss)
        #expect(pair.run(for: .seconds(20)) { pair.client.state == .established && pair.server?.state == .established })
        return pair
    }

    private func exchange(_ pair: TransportPair, _ string: String) throws {
        let (there, back) = (pair.serverMessages.count, pair.clientMessages.count)
        _ = try pair.client.send(Self.text(string), now: pair.now)
        #expect(pair.run(for: .seconds(20)) { pair.serverMessages.count > there })
        _ = try pair.server?.send(Self.text(string), now: pair.now)
        #expect(pair.run(for: .seconds(20)) { pair.clientMessages.count > back })
        #expect(pair.serverMessages.last == Self.text(string))
        #expect(pair.clientMessages.last == Self.text(string))
    }

    /// Nobody says anything until the server's connection rests.
    private func fallsSilent(_ pair: TransportPair) -> Bool { pair.run(for: .seconds(5)) { !pair.serverIsAwake } }

    @Test("what is left of it is small")
    func size() throws {
        #expect(MemoryLayout<RestingConnection>.size <= 832)
    }

    @Test("messages go on both ways after each rest, and what was counted is told at each")
    func messages() throws {
        let pair = try pair()
        for round in 0..<20 {
            try exchange(pair, "message \(round)")
            #expect(pair.serverIsAwake)
            #expect(fallsSilent(pair))
        }
        #expect(pair.serverMessages.count == 20)
        #expect(pair.clientMessages.count == 20)
        #expect(pair.restedFigures.count == 20)
        #expect(pair.restedFigures.reduce(0) { $0 + $1.messagesReceived } == 20)
        #expect(pair.restedFigures.reduce(0) { $0 + $1.messagesSent } == 20)
        #expect(pair.restedFigures.allSatisfy { $0.packetsLost == 0 && $0.probes == 0 })
    }

    @Test("what was learned of the path is known afterwards")
    func learned() throws {
        let pair = try pair(loss: 0.2)
        for round in 0..<60 { try exchange(pair, "message \(round)") }
        pair.setLoss(0)
        // This object keeps the state in which it went to rest.
        let server = try #require(pair.server)
        #expect(fallsSilent(pair))
        let before = server.statistics
        let after = try #require(pair.server).statistics
        #expect(before.forwardLoss > 0.05)
        #expect(before.backwardLoss > 0.05)
        #expect(after.forwardLoss == before.forwardLoss)
        #expect(after.backwardLoss == before.backwardLoss)
        #expect(after.smoothedRTT == before.smoothedRTT)
        #expect(after.rttVariation == before.rttVariation)
        #expect(after.minimumRTT == before.minimumRTT)
        #expect(after.congestionWindowBytes == before.congestionWindowBytes)
    }

    @Test(
        "windows go on: more than they first allow passes, both ways, a piece between any two rests",
        arguments: CongestionAlgorithm.allCases)
    func windows(_ congestion: CongestionAlgorithm) throws {
        let pair = try pair { $0.congestion = congestion }
        let piece = ByteBuffer(repeating: 0x61, count: 200_000)
        for round in 1...12 {
            _ = try pair.client.send(piece, now: pair.now)
            _ = try pair.server?.send(piece, now: pair.now)
            #expect(
                pair.run(for: .seconds(60)) {
                    pair.serverMessages.count == round && pair.clientMessages.count == round
                })
            #expect(fallsSilent(pair))
        }
        #expect(pair.clientMessages.allSatisfy { $0 == piece })
        #expect(pair.serverMessages.allSatisfy { $0 == piece })
    }

    @Test("a packet that took effect before the rest takes none after it, and one that comes late does")
    func replay() throws {
        let pair = try pair()
        try exchange(pair, "first")
        var recorded: [ByteBuffer] = []
        pair.onClientDatagram = { recorded.append($0) }
        try exchange(pair, "second")
        pair.onClientDatagram = nil
        // Of this one, nothing arrives before the next is long answered.
        var late: [ByteBuffer] = []
        pair.onClientDatagram = { late.append($0) }
        pair.up.loss = 1
        _ = try pair.client.send(Self.text("late"), now: pair.now)
        pair.run(for: .milliseconds(1))
        pair.onClientDatagram = nil
        pair.up.loss = 0
        try exchange(pair, "third")
        #expect(pair.run(for: .seconds(20)) { pair.serverMessages.contains(Self.text("late")) })
        #expect(fallsSilent(pair))
        let count = pair.serverMessages.count
        for datagram in recorded { pair.deliverToServer(datagram, from: pair.clientAddress) }
        pair.run(for: .milliseconds(100))
        #expect(pair.server?.statistics.drops[.duplicate] == UInt64(recorded.count))
        #expect(pair.serverMessages.count == count)
        #expect(fallsSilent(pair))
        // New to it, though its message is not.
        #expect(!late.isEmpty)
        let received = try #require(pair.server).statistics.packetsReceived
        for datagram in late { pair.deliverToServer(datagram, from: pair.clientAddress) }
        #expect(pair.server?.statistics.packetsReceived == received + UInt64(late.count))
        pair.run(for: .milliseconds(100))
        #expect(pair.serverMessages.count == count)
        try exchange(pair, "fourth")
    }

    @Test("what is not authentic does not keep it awake, and is counted on across rests")
    func forgeries() throws {
        let pair = try pair()
        try exchange(pair, "message")
        var recorded: ByteBuffer?
        pair.onClientDatagram = { recorded = $0 }
        try exchange(pair, "another")
        pair.onClientDatagram = nil
        var forged = try #require(recorded)
        forged.setInteger(UInt8(0xff), at: forged.writerIndex - 1)
        forged.setInteger(UInt8(0xff), at: forged.writerIndex - 2)
        for count in 1...3 {
            #expect(fallsSilent(pair))
            pair.deliverToServer(forged, from: pair.clientAddress)
            #expect(pair.serverIsAwake)
            #expect(pair.server?.statistics.drops[.authenticationFailed] == UInt64(count))
            pair.pump()
            #expect(!pair.serverIsAwake)
        }
        try exchange(pair, "third")
    }

    @Test("an unreliable datagram of before a rest is not delivered behind it: it may have come as a copy")
    func datagrams() throws {
        let pair = try pair()
        try exchange(pair, "message")
        var recorded: [ByteBuffer] = []
        pair.onClientDatagram = { recorded.append($0) }
        pair.up.loss = 1
        try pair.client.sendDatagram(Self.text("voice"), deadline: pair.now + .seconds(1), now: pair.now)
        pair.pump()
        pair.onClientDatagram = nil
        pair.up.loss = 0
        try exchange(pair, "next")
        #expect(fallsSilent(pair))
        #expect(!recorded.isEmpty)
        for datagram in recorded { pair.deliverToServer(datagram, from: pair.clientAddress) }
        pair.run(for: .milliseconds(100))
        #expect(pair.serverDatagrams.isEmpty)
        try pair.client.sendDatagram(Self.text("fresh"), deadline: pair.now + .seconds(1), now: pair.now)
        pair.run(for: .milliseconds(100))
        #expect(pair.serverDatagrams == [Self.text("fresh")])
    }

    @Test("a client that comes from another address while the server rests is followed")
    func moves() throws {
        let pair = try pair()
        try exchange(pair, "here")
        #expect(fallsSilent(pair))
        pair.clientAddress = Address(ipv4: 0xc000_0299, port: 999)
        try exchange(pair, "there")
        #expect(fallsSilent(pair))
        #expect(pair.server?.remote == pair.clientAddress)
        try exchange(pair, "still there")
    }

    @Test("keys go on through their phases")
    func keys() throws {
        let pair = try pair { $0.packetsPerKey = 5 }
        for round in 0..<30 {
            try exchange(pair, "message \(round)")
            #expect(fallsSilent(pair))
        }
        #expect(pair.restedFigures.reduce(0) { $0 + $1.keyUpdatesStarted } >= 3)
    }

    @Test("it asks when the client wants to be asked, and ends after the silence that it would end after awake")
    func silenceEnds() throws {
        let pair = try pair()
        try exchange(pair, "message")
        // The client tells its wish after some seconds of silence.
        pair.run(for: .seconds(60))
        let asked = pair.restedFigures.reduce(0) { $0 + $1.keepAlivesSent }
        #expect(asked >= 1)
        #expect(pair.client.state == .established)
        let awake = pair.server?.state
        #expect(awake == .established)
        pair.setLoss(1)
        pair.run(for: .seconds(200))
        #expect(pair.server?.state == .closed)
    }

    @Test("it ends at the same moment as one that never rests")
    func sameEnd() throws {
        func silenceUntilEnd(rests: Bool) throws -> TimeAmount {
            let pair = try pair()
            pair.serverRests = rests
            try exchange(pair, "message")
            pair.run(for: .seconds(60))
            #expect(pair.restedFigures.isEmpty == !rests)
            pair.setLoss(1)
            let start = pair.now
            #expect(pair.run(for: .seconds(200)) { pair.serverClosed != nil })
            return pair.now - start
        }
        #expect(try silenceUntilEnd(rests: true) == silenceUntilEnd(rests: false))
    }

    @Test("it does not rest while something is under way")
    func underway() throws {
        let pair = try pair()
        try exchange(pair, "message")
        pair.setLoss(1)
        _ = try pair.server?.send(Self.text("unanswered"), now: pair.now)
        pair.run(for: .seconds(5))
        #expect(pair.serverIsAwake)
        pair.setLoss(0)
        #expect(pair.run(for: .seconds(20)) { pair.clientMessages.last == Self.text("unanswered") })
        #expect(fallsSilent(pair))
    }

    @Test("a copy of the first flight that comes after a rest is another's beginning, and harms nothing")
    func lateFirstFlight() throws {
        let pair = try TransportPair()
        pair.serverRests = true
        var first: ByteBuffer?
        pair.onClientDatagram = { if first == nil { first = $0 } }
        try exchange(pair, "message")
        #expect(fallsSilent(pair))
        let copy = try #require(first)
        guard case .connection(let other) = pair.endpoint.receive(copy, from: pair.clientAddress, now: pair.now) else {
            Issue.record("the copy was dropped")
            return
        }
        #expect(other != pair.handle)
        #expect(pair.endpoint.halfOpenCount == 1)
        try exchange(pair, "woken")
        // Its chosen ID is the new one's now.
        pair.removeServer()
        #expect(pair.endpoint.knownIDCount == 2)
        pair.endpoint.remove(other)
        #expect(pair.endpoint.knownIDCount == 0)
        #expect(pair.endpoint.halfOpenCount == 0)
    }

    @Test("the endpoint forgets one that rests with all its IDs")
    func removed() throws {
        let pair = try pair()
        try exchange(pair, "message")
        // Two that the server made, and the client's own.
        #expect(pair.endpoint.knownIDCount == 3)
        #expect(fallsSilent(pair))
        #expect(pair.endpoint.knownIDCount == 2)
        try exchange(pair, "woken")
        pair.removeServer()
        #expect(pair.endpoint.knownIDCount == 0)
        #expect(pair.endpoint.connectionCount == 0)
    }
}
