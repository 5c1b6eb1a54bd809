import GodwitTLS
import GodwitTransport
import GodwitWire
import NIOCore
import Testing

@Suite("Handshake")
struct HandshakeTests {
    @Test("a fresh client has its first echo after two round trips")
    func firstEcho() throws {
        let pair = try TransportPair()
        pair.serverEchoes = true
        let start = pair.now
        _ = try pair.sendFromClient(testMessage(200, seed: 1))
        pair.run(for: .seconds(2)) { !pair.clientMessages.isEmpty }
        #expect(pair.clientMessages == [testMessage(200, seed: 1)])
        #expect(pair.now - start <= .milliseconds(101))
        #expect(pair.client.state == .established)
        #expect(pair.server?.state == .established)
    }

    @Test("a chat connection costs few datagrams: hello, flight, Finished with the first message, and an echo each")
    func firstEchoIsThrifty() throws {
        let pair = try TransportPair()
        pair.serverEchoes = true
        _ = try pair.sendFromClient(testMessage(200, seed: 1))
        pair.run(for: .seconds(3))
        #expect(pair.up.sentDatagrams == 3)
        #expect(pair.down.sentDatagrams == 2)
    }

    @Test("the server may speak first, half a round trip before the handshake ends")
    func halfRoundTripData() throws {
        let pair = try TransportPair()
        pair.run(for: .milliseconds(30)) { pair.server != nil }
        _ = try pair.sendFromServer(testMessage(100, seed: 9))
        pair.run(for: .milliseconds(60)) { !pair.clientMessages.isEmpty }
        #expect(pair.clientMessages == [testMessage(100, seed: 9)])
        #expect(pair.serverEstablished == nil)
    }

    @Test("the handshake and a first echo survive 40 % loss each way", arguments: 1...40)
    func lossyHandshake(seed: UInt64) throws {
        let pair = try TransportPair(seed: seed)
        pair.serverEchoes = true
        pair.setLoss(0.4)
        pair.up.jitter = .milliseconds(40)
        pair.down.jitter = .milliseconds(40)
        _ = try pair.sendFromClient(testMessage(200, seed: seed))
        let isDone = pair.run(for: .seconds(10)) { !pair.clientMessages.isEmpty }
        #expect(isDone, "seed \(seed): \(pair.client.state), \(String(describing: pair.clientClosed))")
        #expect(pair.clientMessages.first == testMessage(200, seed: seed), "seed \(seed)")
    }

    @Test("a server with another key is refused with the two pins")
    func wrongPin() throws {
        let other = try ServerIdentity.generate(commonName: "other")
        let pair = try TransportPair(clientTLS: TLSContext.client(pins: [other.pin], alpn: ["godwit/1"]))
        pair.run(for: .seconds(5)) { pair.clientClosed != nil && pair.serverClosed != nil }
        let expected = TLSError.pinMismatch(expected: [other.pin], presented: try TestTLS.identity.get().pin)
        #expect(pair.clientClosed == .tls(expected))
        #expect(pair.serverClosed == .peerError(.tlsFailure, reason: TransportErrorCode.tlsFailure.description))
    }

    @Test("without an answer the handshake times out, and says so")
    func timesOut() throws {
        let pair = try TransportPair()
        pair.up.isCut = true
        pair.run(for: .seconds(11)) { pair.clientClosed != nil }
        #expect(pair.clientClosed == .handshakeTimeout)
        #expect(pair.client.state == .closed)
        // Probes at 0.3 s, then by halves up to one a second, twice from the fourth on.
        #expect((18...24).contains(pair.up.sentDatagrams))
    }

    @Test("an attempt beside others repeats its first flight as seldom as it is told to, once it has backed off so far")
    func sparse() throws {
        var configuration = TransportConfiguration.client
        configuration.firstFlightInterval = .milliseconds(3_600)
        let pair = try TransportPair(clientConfiguration: configuration)
        pair.up.isCut = true
        pair.run(for: .milliseconds(2_500))
        // What is lost at the beginning is not missed for longer.
        #expect((5...7).contains(pair.up.sentDatagrams))
        pair.run(for: .seconds(9)) { pair.clientClosed != nil }
        #expect(pair.clientClosed == .handshakeTimeout)
        #expect((7...9).contains(pair.up.sentDatagrams))
    }

    @Test("what waits for the client's Finished goes with each repetition of it")
    func dataGoesAlong() throws {
        let pair = try TransportPair()
        _ = try pair.sendFromClient(testMessage(200, seed: 1))
        pair.run(for: .milliseconds(30)) { pair.server != nil }
        pair.up.isCut = true
        pair.run(for: .seconds(2))
        pair.up.isCut = false
        pair.run(for: .seconds(2)) { pair.serverEstablished != nil }
        #expect(pair.serverMessages == [testMessage(200, seed: 1)])
    }

    @Test("of much that waits for the client's Finished little goes with each repetition")
    func littleGoesAlong() throws {
        let pair = try TransportPair()
        for seed in 1...9 { _ = try pair.sendFromClient(testMessage(1000, seed: UInt64(seed))) }
        pair.run(for: .milliseconds(30)) { pair.server != nil }
        pair.up.isCut = true
        pair.run(for: .milliseconds(60))
        #expect(pair.clientEstablished != nil)
        let before = pair.up.sentDatagrams
        pair.run(for: .seconds(3))
        let datagrams = pair.up.sentDatagrams - before
        // Two with each probe, and all messages whenever the server is heard after a silence, which is twice here.
        #expect((24...48).contains(datagrams))
        pair.up.isCut = false
        pair.run(for: .seconds(2)) { pair.serverMessages.count == 9 }
        #expect(pair.serverMessages.count == 9)
    }

    @Test("once the round trip is known, probes of a handshake come in twos and at most half a second apart")
    func handshakeProbes() throws {
        let pair = try TransportPair()
        pair.run(for: .milliseconds(30)) { pair.server != nil }
        pair.up.isCut = true
        pair.run(for: .milliseconds(60)) { pair.clientEstablished != nil }
        pair.down.isCut = true
        var times: [NIODeadline] = []
        pair.onClientDatagram = { _ in times.append(pair.now) }
        pair.run(for: .seconds(4))
        let gaps = zip(times.dropFirst(), times).map { ($0 - $1).nanoseconds / 1_000_000 }
        // The first probe is alone: a late answer is as likely as a lost one.
        #expect(gaps.first == 100)
        #expect(gaps.dropFirst().enumerated().allSatisfy { $0 % 2 == 0 ? $1 == 20 : (80...480).contains($1) })
        #expect(gaps.suffix(2).max() == 480)
    }

    /// When the client's first flights leave into silence, in ms.
    private func firstFlights(_ memory: PathMemory?) throws -> [Int64] {
        let pair = try TransportPair(memory: memory)
        pair.up.isCut = true
        let start = pair.now
        var times: [Int64] = []
        pair.onClientDatagram = { _ in times.append((pair.now - start).nanoseconds / 1_000_000) }
        pair.run(for: .seconds(4))
        return times
    }

    @Test("first flights that nobody answers go in twos from the fourth repetition on")
    func silence() throws {
        #expect(try firstFlights(nil) == [0, 300, 600, 1_050, 1_725, 1_745, 2_725, 2_745, 3_725, 3_745])
    }

    @Test("on a network that lost packets before, the first one goes twice, and those from the second repetition on")
    func silenceOfLossyNetwork() throws {
        let memory = PathMemory(smoothedRTT: .milliseconds(50), rttVariation: .milliseconds(10), lossRate: 0.1)
        let times = try firstFlights(memory)
        #expect(times.prefix(5) == [0, 20, 90, 180, 200])
        // What several lost ones carried goes in two datagrams at once, and once more.
        let probes = Set(times.dropFirst(3)).subtracting(times.map { $0 + 20 })
        #expect(probes.count == 8)
        #expect(probes.allSatisfy { times.contains($0 + 20) })
    }

    @Test("what the handshake took is forgotten with the first round trip behind it")
    func slowHandshake() throws {
        let pair = try TransportPair()
        pair.down.delay = .milliseconds(300)
        pair.run(for: .seconds(2)) { pair.clientEstablished != nil }
        #expect(pair.client.statistics.smoothedRTT.map { $0 > .milliseconds(300) } ?? false)
        pair.down.delay = .milliseconds(25)
        pair.run(for: .seconds(2))
        _ = try pair.sendFromClient(testMessage(200, seed: 1))
        pair.run(for: .milliseconds(200)) { !pair.clientAcknowledged.isEmpty }
        let smoothed = try #require(pair.client.statistics.smoothedRTT)
        #expect((.milliseconds(50)...(.milliseconds(51))).contains(smoothed))
    }

    @Test("an application packet that overtakes the handshake is not lost")
    func overtaking() throws {
        let pair = try TransportPair()
        pair.run(for: .milliseconds(30)) { pair.server != nil }
        // The server's flight is under way; a message from it follows at once and arrives first.
        pair.down.delay = .milliseconds(1)
        _ = try pair.sendFromServer(testMessage(50, seed: 3))
        pair.run(for: .milliseconds(50)) { !pair.clientMessages.isEmpty }
        #expect(pair.clientMessages == [testMessage(50, seed: 3)])
        #expect(pair.client.statistics.drops.total == 0)
        #expect(pair.server?.statistics.packetsLost == 0)
    }
}
