import GodwitTLS
import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

@Suite("Stateless reset")
struct StatelessResetTests {
    private let now = NIODeadline.uptimeNanoseconds(1_000_000_000)
    private let address = Address(ipv4: 0xc000_0201, port: 1)

    private func endpoint(_ limits: EndpointLimits = EndpointLimits(), seed: UInt64 = 1) throws -> ServerEndpoint {
        try ServerEndpoint(
            configuration: .server, tls: TestTLS.server.get(), loopIndex: 0, limits: limits,
            identity: .ephemeral(.seeded(seed)), random: .seeded(seed))
    }

    /// What a client of a forgotten connection sends.
    private func packet(bytes: Int, random: RandomSource = .seeded(7)) -> ByteBuffer {
        var buffer = ByteBuffer(bytes: [0x40])
        buffer.writeBytes(random.bytes(max(0, bytes - buffer.readableBytes)))
        return buffer
    }

    private func reply(_ routing: Routing) -> ByteBuffer? {
        if case .reply(let reply) = routing { reply } else { nil }
    }

    @Test("a client learns of its server's restart with its next packet, not after its idle timeout")
    func restart() throws {
        let pair = try TransportPair()
        pair.connect()
        try pair.restartServer()
        let start = pair.now
        _ = try pair.sendFromClient(testMessage(20, seed: 1))
        pair.run(for: .seconds(30)) { pair.clientClosed != nil }
        #expect(pair.clientClosed == .statelessReset)
        #expect(pair.client.state == .closed)
        #expect(pair.now - start < .milliseconds(100))
        #expect(pair.endpoint.resetCount == 1)
    }

    @Test("another server's reset, or a forger's, ends nothing")
    func strangers() throws {
        let pair = try TransportPair()
        pair.connect()
        try pair.restartServer(as: .ephemeral(.seeded(99)))
        _ = try pair.sendFromClient(testMessage(20, seed: 1))
        pair.run(for: .seconds(5))
        #expect(pair.endpoint.resetCount > 0)
        #expect(pair.clientClosed == nil)
        let random = RandomSource.seeded(3)
        for bytes in 0..<100 {
            let token = StatelessResetToken(high: random.next(), low: random.next())
            guard let forged = StatelessReset.make(token, answering: bytes, random: random) else { continue }
            pair.client.receive(forged, from: TransportPair.serverAddress, now: pair.now)
        }
        #expect(pair.client.state == .established)
    }

    @Test("a reset is smaller than what it answers, and never answers less than a packet")
    func smaller() throws {
        let endpoint = try endpoint()
        for bytes in 9...1200 {
            let reply = reply(endpoint.receive(packet(bytes: bytes), from: address, now: now + .seconds(Int64(bytes))))
            guard bytes > StatelessReset.minimumBytes else {
                #expect(reply == nil)
                continue
            }
            let sent = try #require(reply)
            #expect(sent.readableBytes < bytes)
            #expect(sent.readableBytes >= StatelessReset.minimumBytes)
            #expect(try #require(sent.getInteger(at: 0, as: UInt8.self)) & PacketHeader.longForm == 0)
        }
    }

    @Test("two servers that do not know each other fall silent", arguments: 1...20 as ClosedRange<UInt64>)
    func noLoop(seed: UInt64) throws {
        let ends = [try endpoint(seed: seed), try endpoint(seed: seed + 100)]
        var datagram: ByteBuffer? = packet(bytes: 1200, random: .seeded(seed))
        var sent = 0
        while let received = datagram {
            datagram = reply(ends[sent % 2].receive(received, from: address, now: now))
            sent += 1
            try #require(sent < 100)
        }
        #expect(sent <= 2 + StatelessReset.usualBytes - StatelessReset.minimumBytes)
    }

    @Test("resets are limited a second")
    func limited() throws {
        var limits = EndpointLimits()
        limits.statelessResetsPerSecond = 10
        let endpoint = try endpoint(limits)
        func answered(at time: NIODeadline) -> Int {
            (0..<100).count { _ in reply(endpoint.receive(packet(bytes: 60), from: address, now: time)) != nil }
        }
        #expect(answered(at: now) == 10)
        #expect(answered(at: now + .milliseconds(500)) == 5)
        #expect(answered(at: now + .seconds(60)) == 10)
        #expect(endpoint.resetCount == 25)
        #expect(endpoint.drops[.unknownConnection] == 300)
    }

    @Test("long headers are not answered: their senders have no token yet")
    func handshakePackets() throws {
        let endpoint = try endpoint()
        var datagram = ByteBuffer()
        InitialHeader(destination: try #require(ConnectionID(1...8)), source: .empty, length: 600)
            .encode(into: &datagram, numberLength: 1)
        datagram.writeRepeatingByte(1, count: 600)
        #expect(reply(endpoint.receive(datagram, from: address, now: now)) == nil)
    }

    @Test("tokens are the same in every life of a server, and differ by ID and by server")
    func tokens() throws {
        let identity = EndpointIdentity(secret: [UInt8](repeating: 5, count: 32))
        func issuer(_ identity: EndpointIdentity, seed: UInt64) throws -> ConnectionIDIssuer {
            try ConnectionIDIssuer(loopIndex: 0, identity: identity, random: .seeded(seed))
        }
        let id = try #require(ConnectionID(1...8))
        let other = try #require(ConnectionID(2...9))
        let token = try issuer(identity, seed: 1).resetToken(for: id)
        #expect(try issuer(identity, seed: 2).resetToken(for: id) == token)
        #expect(try issuer(identity, seed: 1).resetToken(for: other) != token)
        #expect(try issuer(.ephemeral(.seeded(3)), seed: 1).resetToken(for: id) != token)
    }

    @Test("tokens are equal when all their bytes are")
    func equality() throws {
        let bytes = [UInt8](0..<16)
        let token = try #require(StatelessResetToken(bytes))
        #expect(token == StatelessResetToken(bytes))
        for index in bytes.indices {
            var other = bytes
            other[index] ^= 0x10
            #expect(token != StatelessResetToken(other))
        }
        #expect(StatelessResetToken([1, 2, 3]) == nil)
        #expect(StatelessResetToken(endOf: ByteBuffer(bytes: bytes.dropLast())) == nil)
        #expect(StatelessResetToken(endOf: ByteBuffer(bytes: [9, 9] + bytes)) == token)
    }
}
