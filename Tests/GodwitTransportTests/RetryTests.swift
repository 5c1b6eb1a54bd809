import GodwitTLS
import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

@Suite("Retry")
struct RetryTests {
    private let now = NIODeadline.uptimeNanoseconds(1_000_000_000_000)
    private let address = Address(ipv4: 0xc000_0201, port: 7)

    private static var always: EndpointLimits {
        var limits = EndpointLimits()
        limits.retryAbove = 0
        return limits
    }

    private func client(seed: UInt64) throws -> Connection {
        try Connection.client(
            configuration: .client, tls: TestTLS.client.get(), serverName: nil, remote: address, random: .seeded(seed),
            now: now)
    }

    private func hello(_ client: Connection) -> ByteBuffer {
        var datagram = ByteBuffer()
        _ = client.pollTransmit(now: now, into: &datagram)
        return datagram
    }

    // MARK: Tokens

    private func tokens(seed: UInt64 = 1) throws -> AddressTokens {
        try AddressTokens(identity: .ephemeral(.seeded(seed)), random: .seeded(seed + 100))
    }

    @Test("a token is good for its address, for ten seconds, with its server")
    func token() throws {
        let tokens = try tokens()
        let token = try #require(tokens.make(for: address, now: now))
        #expect(token.count == AddressTokens.length)
        #expect(tokens.accept(token, from: address, now: now))
        #expect(tokens.accept(token, from: address, now: now + .seconds(10)))
        #expect(!tokens.accept(token, from: address, now: now + .seconds(11)))
        #expect(!tokens.accept(token, from: address, now: now - .seconds(100)))
        #expect(!tokens.accept(token, from: Address(ipv4: 0xc000_0201, port: 8), now: now))
        #expect(!tokens.accept(token, from: Address(ipv4: 0xc000_0202, port: 7), now: now))
        #expect(try !self.tokens(seed: 2).accept(token, from: address, now: now))
        // The next life of the same server.
        let again = try AddressTokens(identity: .ephemeral(.seeded(1)), random: .seeded(5))
        #expect(again.accept(token, from: address, now: now))
    }

    @Test("no byte of a token can be changed, and two tokens have nothing in common but their first byte")
    func tampering() throws {
        let tokens = try tokens()
        let token = try #require(tokens.make(for: address, now: now))
        for index in token.bytes.indices {
            for bit in 0..<8 as Range<UInt8> {
                var bytes = token.bytes
                bytes[index] ^= 1 << bit
                #expect(!tokens.accept(try #require(ConnectionID(bytes)), from: address, now: now))
            }
        }
        #expect(!tokens.accept(.empty, from: address, now: now))
        let other = try #require(tokens.make(for: address, now: now))
        #expect(zip(token.bytes, other.bytes).count { $0 == $1 } < 6)
    }

    // MARK: Handshakes

    @Test("as long as there is room, no client pays for it")
    func idle() throws {
        let pair = try TransportPair()
        let start = pair.now
        pair.run(for: .seconds(5)) { pair.clientEstablished != nil }
        #expect(try #require(pair.clientEstablished) - start <= .milliseconds(51))
        #expect(pair.endpoint.retryCount == 0)
    }

    @Test(
        "a client that is asked shows that it is there, for one round trip more, and its address is validated at once")
    func asked() throws {
        let pair = try TransportPair(limits: Self.always)
        pair.serverEchoes = true
        let start = pair.now
        _ = try pair.sendFromClient(testMessage(40, seed: 1))
        pair.run(for: .seconds(5)) { pair.handle != nil }
        #expect(pair.server?.path.amplification.isValidated == true)
        pair.run(for: .seconds(5)) { !pair.clientMessages.isEmpty }
        #expect(pair.clientMessages == [testMessage(40, seed: 1)])
        #expect(pair.now - start <= .milliseconds(160))
        #expect(pair.endpoint.retryCount == 1)
        #expect(pair.endpoint.retryAnswerCount == 1)
        #expect(pair.endpoint.connectionCount == 1)
    }

    @Test("early data goes again with the second beginning, and is accepted")
    func early() throws {
        let tls = try EarlyDataTests.server()
        let first = try TransportPair(limits: Self.always, serverTLS: tls)
        first.connect()
        first.run(for: .seconds(1))
        let resumption = TLSResumption(ticket: try #require(first.clientTicket), age: .seconds(1))
        let pair = try TransportPair(seed: 2, limits: Self.always, serverTLS: tls, resumption: resumption)
        pair.serverEchoes = true
        for number in 0..<4 as Range<UInt64> { _ = try pair.sendFromClient(testMessage(300, seed: number)) }
        pair.run(for: .seconds(3))
        #expect(pair.client.statistics.earlyData == .accepted)
        #expect(pair.serverEarlyMessages.count == 4)
        #expect(pair.clientMessages.count == 4)
        #expect(pair.endpoint.retryAnswerCount == 1)
    }

    @Test("clients come through on networks that lose and repeat", arguments: 1...20 as ClosedRange<UInt64>)
    func loss(seed: UInt64) throws {
        let pair = try TransportPair(seed: seed, limits: Self.always)
        pair.serverEchoes = true
        pair.setLoss(0.25)
        _ = try pair.sendFromClient(testMessage(40, seed: seed))
        pair.run(for: .seconds(10)) { !pair.clientMessages.isEmpty }
        #expect(pair.clientMessages.count == 1, "seed \(seed)")
        #expect(pair.endpoint.connectionCount == 1, "seed \(seed)")
    }

    @Test("a flood from forged addresses takes no more than its share, and a true client still comes in")
    func flood() throws {
        var limits = EndpointLimits()
        limits.maximumHalfOpen = 16
        limits.retryAbove = 4
        let pair = try TransportPair(limits: limits)
        let hello = hello(try client(seed: 77))
        for number in 0..<2000 as Range<UInt32> {
            var forged = hello
            if number < 8 {
                forged = try self.hello(client(seed: UInt64(number)))
            } else {
                // The same bytes under another ID, which cannot even be opened.
                forged.setInteger(number, at: 6)
            }
            let source = Address(ipv4: 0x0a00_0000 + number, port: 9)
            if case .reply(let reply) = pair.endpoint.receive(forged, from: source, now: pair.now) {
                #expect(reply.readableBytes * 10 < forged.readableBytes)
            }
        }
        #expect(pair.endpoint.halfOpenCount == 4)
        pair.serverEchoes = true
        _ = try pair.sendFromClient(testMessage(40, seed: 1))
        pair.run(for: .seconds(2)) { !pair.clientMessages.isEmpty }
        #expect(pair.clientMessages.count == 1)
        #expect(pair.endpoint.retryAnswerCount == 1)
    }

    @Test("a client believes one Retry, to its own packet, before it has heard the server")
    func disbelief() throws {
        let client = try client(seed: 1)
        var sent = hello(client)
        guard case .initial(let header) = try PacketHeader.decode(from: &sent, shortDestinationLength: 8) else {
            return
        }
        func deliver(source: ConnectionID, token: [UInt8]) throws {
            var buffer = ByteBuffer()
            RetryPacket(destination: .empty, source: source, token: try #require(ConnectionID(token)))
                .encode(into: &buffer)
            client.receive(buffer, from: address, now: now)
        }
        try deliver(source: try #require(ConnectionID(1...16)), token: [1, 1, 1])
        #expect(client.clientChosenID == header.destination)
        try deliver(source: header.destination, token: [2, 2, 2])
        #expect(client.clientChosenID.bytes == [2, 2, 2])
        try deliver(source: client.clientChosenID, token: [3, 3, 3])
        #expect(client.clientChosenID.bytes == [2, 2, 2])
        // It begins again at once.
        #expect(hello(client).readableBytes >= ProtocolLimits.minimumInitialDatagramBytes)

        let pair = try TransportPair()
        pair.connect()
        var retry = ByteBuffer()
        RetryPacket(destination: .empty, source: pair.client.clientChosenID, token: header.destination)
            .encode(into: &retry)
        let before = pair.client.clientChosenID
        pair.client.receive(retry, from: TransportPair.serverAddress, now: pair.now)
        #expect(pair.client.clientChosenID == before)
        #expect(pair.client.state == .established)
    }
}
