import GodwitTLS
import GodwitTransport
import GodwitWire
import NIOCore
import Testing

@Suite("Early data")
struct EarlyDataTests {
    /// A server with tickets and a client that has been there.
    static func server(_ secret: UInt8 = 1) throws -> TLSContext {
        let tickets = TicketIssuer(TicketIssuer.Configuration(secret: [UInt8](repeating: secret, count: 32)))
        return try .server(identity: TestTLS.identity.get(), alpn: ["godwit/1"], tickets: tickets)
    }

    private func firstVisit(to server: TLSContext) throws -> TLSResumption {
        let pair = try TransportPair(serverTLS: server)
        pair.connect()
        pair.run(for: .seconds(1))
        #expect(pair.client.statistics.earlyData == .none)
        return TLSResumption(ticket: try #require(pair.clientTicket), age: .seconds(1))
    }

    @Test("a known client has its first echo after one round trip")
    func oneRoundTrip() throws {
        let tls = try Self.server()
        let pair = try TransportPair(seed: 2, serverTLS: tls, resumption: firstVisit(to: tls))
        pair.serverEchoes = true
        let start = pair.now
        _ = try pair.sendFromClient(testMessage(300, seed: 1))
        pair.run(for: .seconds(2)) { !pair.clientMessages.isEmpty }
        #expect(pair.clientMessages == [testMessage(300, seed: 1)])
        #expect(pair.now - start <= .milliseconds(51))
        pair.run(for: .seconds(2))
        #expect(pair.serverEarlyMessages == [testMessage(300, seed: 1)])
        #expect(pair.client.statistics.earlyData == .accepted)
        #expect(pair.server?.statistics.isResumed == true)
        #expect(pair.clientTicket != nil)
        // Hello with the message, Finished, an acknowledgement of the ticket; flight with the echo, ticket.
        #expect(pair.up.sentDatagrams <= 4)
        #expect(pair.down.sentDatagrams <= 3)
    }

    @Test("what was refused as early data comes after the handshake, once")
    func rejected() throws {
        let resumption = try firstVisit(to: Self.server(1))
        let pair = try TransportPair(seed: 3, serverTLS: Self.server(2), resumption: resumption)
        pair.serverEchoes = true
        let messages = (0..<5).map { testMessage(200, seed: $0) }
        for message in messages { _ = try pair.sendFromClient(message) }
        pair.run(for: .seconds(3))
        #expect(pair.client.statistics.earlyData == .rejected)
        #expect(pair.serverEarlyMessages.isEmpty)
        #expect(Set(pair.serverMessages) == Set(messages) && pair.serverMessages.count == 5)
        #expect(pair.clientMessages.count == 5)
    }

    @Test("more than may go early goes later")
    func tooMuch() throws {
        let tls = try Self.server()
        let pair = try TransportPair(seed: 4, serverTLS: tls, resumption: firstVisit(to: tls))
        let message = testMessage(60_000, seed: 1)
        _ = try pair.sendFromClient(message)
        pair.run(for: .seconds(5))
        #expect(pair.client.statistics.earlyData == .accepted)
        #expect(pair.serverMessages == [message] && pair.serverEarlyMessages.isEmpty)
    }

    @Test("early data survives 40 % loss each way, once each", arguments: 1...60)
    func lossy(seed: UInt64) throws {
        let tls = try Self.server()
        let known = try firstVisit(to: tls)
        let memory = PathMemory(smoothedRTT: .milliseconds(50), rttVariation: .milliseconds(10), lossRate: 0.4)
        let pair = try TransportPair(seed: seed, serverTLS: tls, resumption: known, memory: memory)
        pair.serverEchoes = true
        pair.setLoss(0.4)
        pair.up.jitter = .milliseconds(40)
        pair.down.jitter = .milliseconds(40)
        let messages = (0..<4).map { testMessage(250, seed: seed * 10 + $0) }
        for message in messages { _ = try pair.sendFromClient(message) }
        let isDone = pair.run(for: .seconds(20)) { pair.clientMessages.count == 4 }
        #expect(isDone, "seed \(seed): \(pair.client.state), \(String(describing: pair.clientClosed))")
        pair.run(for: .seconds(3))
        #expect(pair.serverMessages.count == 4 && Set(pair.serverMessages) == Set(messages))
    }

    @Test("a recorded first flight has no effect when it comes again, from anywhere")
    func replay() throws {
        let tls = try Self.server()
        let pair = try TransportPair(seed: 5, serverTLS: tls, resumption: firstVisit(to: tls))
        pair.serverEchoes = true
        var recorded: [ByteBuffer] = []
        pair.onClientDatagram = { recorded.append($0) }
        _ = try pair.sendFromClient(testMessage(300, seed: 1))
        pair.run(for: .seconds(2))
        #expect(pair.serverEarlyMessages.count == 1)
        // The same edge, when it has forgotten the connection, and another loop of it.
        for loop in UInt8(0)..<3 {
            let endpoint = try ServerEndpoint(
                configuration: .server, tls: tls, loopIndex: loop, limits: EndpointLimits(), random: .seeded(9))
            var messages = 0
            for datagram in recorded {
                guard
                    case .connection(let handle) = endpoint.receive(
                        datagram, from: Address(ipv4: 0x0a01_0101, port: 7), now: pair.now)
                else { continue }
                while let event = endpoint.connection(handle)?.connection.pollEvent() {
                    if case .earlyMessage = event { messages += 1 }
                    if case .message = event { messages += 1 }
                }
            }
            #expect(messages == 0)
        }
        #expect(tls.tickets?.counters.earlyReplayed == 3)
    }

    @Test("on a network that lost packets the first flight goes twice, 20 ms apart, and the answer as well")
    func twice() throws {
        let memory = PathMemory(smoothedRTT: .milliseconds(80), rttVariation: .milliseconds(10), lossRate: 0.1)
        let pair = try TransportPair(memory: memory)
        let start = pair.now
        var sent: [TimeAmount] = []
        pair.onClientDatagram = { _ in sent.append(pair.now - start) }
        var answers = 0
        pair.onServerDatagram = { _, _ in answers += 1 }
        pair.run(for: .milliseconds(46))
        #expect(sent == [.zero, .milliseconds(20)])
        #expect(answers == 2)
        pair.run(for: .seconds(1))
        #expect(pair.client.state == .established)
    }

    @Test("a remembered round trip times the first probe")
    func remembered() throws {
        let memory = PathMemory(smoothedRTT: .milliseconds(400), rttVariation: .milliseconds(100), lossRate: 0)
        let pair = try TransportPair(memory: memory)
        pair.up.isCut = true
        pair.run(for: .milliseconds(790))
        #expect(pair.up.sentDatagrams == 1)
        pair.run(for: .milliseconds(20))
        #expect(pair.up.sentDatagrams == 2)
    }
}
