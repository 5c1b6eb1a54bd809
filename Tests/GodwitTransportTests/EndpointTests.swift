import GodwitTLS
import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

@Suite("Server endpoint")
struct EndpointTests {
    private let now = NIODeadline.uptimeNanoseconds(1_000_000_000)
    private let address = Address(ipv4: 0xc000_0201, port: 1)

    private func endpoint(
        _ limits: EndpointLimits = EndpointLimits(), loop: UInt8 = 0,
        identity: EndpointIdentity = .ephemeral(.seeded(1))
    ) throws -> ServerEndpoint {
        try ServerEndpoint(
            configuration: .server, tls: TestTLS.server.get(), loopIndex: loop, limits: limits, identity: identity,
            random: .seeded(1))
    }

    private func hello(seed: UInt64) throws -> ByteBuffer {
        let client = try Connection.client(
            configuration: .client, tls: TestTLS.client.get(), serverName: nil, remote: address,
            random: .seeded(seed), now: now)
        var datagram = ByteBuffer()
        _ = client.pollTransmit(now: now, into: &datagram)
        return datagram
    }

    private func reason(_ routing: Routing) -> DropReason? {
        if case .dropped(let reason) = routing { reason } else { nil }
    }

    @Test("half-open connections are limited, and room comes back")
    func halfOpenLimit() throws {
        var limits = EndpointLimits()
        limits.maximumHalfOpen = 3
        let endpoint = try endpoint(limits)
        var handles: [ConnectionHandle] = []
        for seed in 1...3 as ClosedRange<UInt64> {
            guard case .connection(let handle) = endpoint.receive(try hello(seed: seed), from: address, now: now) else {
                Issue.record("no connection")
                return
            }
            handles.append(handle)
        }
        #expect(endpoint.halfOpenCount == 3)
        #expect(reason(endpoint.receive(try hello(seed: 4), from: address, now: now)) == .halfOpenLimit)
        #expect(endpoint.drops[.halfOpenLimit] == 1)
        // A repetition of a known hello is no new connection.
        if case .connection(let handle) = endpoint.receive(try hello(seed: 1), from: address, now: now) {
            #expect(handle == handles[0])
        }
        endpoint.remove(handles[0])
        #expect(endpoint.halfOpenCount == 2)
        #expect(endpoint.connection(handles[0]) == nil)
        guard case .connection(let next) = endpoint.receive(try hello(seed: 5), from: address, now: now) else {
            Issue.record("no connection")
            return
        }
        // The slot is used again, the handle is not.
        #expect(next != handles[0])
        #expect(endpoint.connection(handles[0]) == nil)
        #expect(endpoint.connectionCount == 3)
    }

    @Test("an established connection is not half open")
    func established() throws {
        let pair = try TransportPair()
        pair.connect()
        #expect(pair.endpoint.halfOpenCount == 0)
        #expect(pair.endpoint.connectionCount == 1)
    }

    @Test("the number of connections is limited")
    func connectionLimit() throws {
        var limits = EndpointLimits()
        limits.maximumConnections = 1
        let endpoint = try endpoint(limits)
        _ = endpoint.receive(try hello(seed: 1), from: address, now: now)
        #expect(reason(endpoint.receive(try hello(seed: 2), from: address, now: now)) == .connectionLimit)
    }

    @Test("a first datagram that is too small, damaged or reserved makes no connection")
    func refused() throws {
        let endpoint = try endpoint()
        var damaged = try hello(seed: 1)
        let byte = try #require(damaged.getInteger(at: 100, as: UInt8.self))
        damaged.setInteger(byte ^ 1, at: 100)
        #expect(reason(endpoint.receive(damaged, from: address, now: now)) == .authenticationFailed)
        var small = ByteBuffer()
        InitialHeader(destination: try #require(ConnectionID([1, 2])), source: .empty, length: 100)
            .encode(into: &small, numberLength: 1)
        small.writeRepeatingByte(7, count: 100)
        #expect(reason(endpoint.receive(small, from: address, now: now)) == .initialTooSmall)
        #expect(
            reason(endpoint.receive(ByteBuffer(bytes: [0xc0, 1, 0, 0, 0]), from: address, now: now)) == .unsupportedType
        )
        #expect(reason(endpoint.receive(ByteBuffer(), from: address, now: now)) == .malformed)
        #expect(endpoint.connectionCount == 0)
    }

    @Test("another version is answered with ours, but only if the answer is the smaller")
    func versionNegotiation() throws {
        let endpoint = try endpoint()
        var datagram = try hello(seed: 1)
        datagram.setInteger(UInt8(9), at: 1)
        guard case .reply(var reply) = endpoint.receive(datagram, from: address, now: now) else {
            Issue.record("no reply")
            return
        }
        #expect(reply.readableBytes < datagram.readableBytes)
        guard case .versionNegotiation(let offer) = try PacketHeader.decode(from: &reply, shortDestinationLength: 0)
        else {
            Issue.record("not version negotiation")
            return
        }
        #expect(offer.versions == [1])
        datagram.moveWriterIndex(to: 300)
        #expect(reason(endpoint.receive(datagram, from: address, now: now)) == .unsupportedVersion)
    }

    @Test("a client hears of a version that it does not speak, but believes no offer of its own")
    func versionMismatch() throws {
        let client = try Connection.client(
            configuration: .client, tls: TestTLS.client.get(), serverName: nil, remote: address, random: .seeded(1),
            now: now)
        var hello = ByteBuffer()
        _ = client.pollTransmit(now: now, into: &hello)
        guard case .initial(let header) = try PacketHeader.decode(from: &hello, shortDestinationLength: 0) else {
            return
        }
        for versions: [UInt8] in [[1, 7], [7, 8]] {
            var offer = ByteBuffer()
            VersionNegotiation(destination: .empty, source: header.destination, versions: versions).encode(into: &offer)
            client.receive(offer, from: address, now: now)
        }
        guard case .closed(.versionMismatch(let supported)) = client.pollEvent() else {
            Issue.record("not closed")
            return
        }
        #expect(supported == [7, 8])
    }

    /// IDs as a server makes them that is not behind load balancers, in the clear, and under a key with one pass and with four.
    private static let identities: [EndpointIdentity] = {
        var identities = [EndpointIdentity](repeating: .ephemeral(.seeded(1)), count: 4)
        identities[1].routing = ConnectionIDRouting(serverID: [1, 2])
        identities[2].routing = ConnectionIDRouting(serverID: [1, 2, 3, 4, 5, 6, 7, 8])
        identities[2].routing?.nonceLength = 8
        identities[2].routing?.key = [UInt8](1...16)
        identities[3].routing = ConnectionIDRouting(serverID: [1, 2])
        identities[3].routing?.key = [UInt8](1...16)
        return identities
    }()

    private func packet(to id: ConnectionID) -> ByteBuffer {
        var buffer = ByteBuffer(bytes: [0x00])
        id.write(into: &buffer)
        buffer.writeRepeatingByte(0, count: 30)
        return buffer
    }

    @Test("a packet for another event loop is passed on, for a loop that is not there dropped", arguments: 0..<4)
    func loops(format: Int) throws {
        let identity = Self.identities[format]
        var limits = EndpointLimits()
        limits.loopCount = 4
        let endpoint = try endpoint(limits, loop: 1, identity: identity)
        func packet(loop: UInt8) throws -> ByteBuffer {
            self.packet(
                to: try ConnectionIDIssuer(loopIndex: loop, identity: identity, random: .seeded(9)).makeID())
        }
        guard case .loop(3, let passed) = endpoint.receive(try packet(loop: 3), from: address, now: now) else {
            Issue.record("not passed on")
            return
        }
        #expect(passed == (try packet(loop: 3)))
        _ = endpoint.receive(try packet(loop: 4), from: address, now: now)
        #expect(endpoint.drops[.unknownLoop] == 1)
        _ = endpoint.receive(try packet(loop: 1), from: address, now: now)
        #expect(endpoint.drops[.unknownConnection] == 1)
        #expect(endpoint.resetCount == 2)
    }

    @Test("a packet for another server is dropped without an answer", arguments: 1..<4)
    func otherServer(format: Int) throws {
        let endpoint = try endpoint(identity: Self.identities[format])
        var other = Self.identities[format]
        other.routing?.serverID.reverse()
        let id = try ConnectionIDIssuer(loopIndex: 0, identity: other, random: .seeded(9)).makeID()
        #expect(reason(endpoint.receive(packet(to: id), from: address, now: now)) == .otherServer)
        #expect(endpoint.resetCount == 0)
    }

    @Test("connections live and move under IDs of every kind", arguments: 0..<4)
    func everyFormat(format: Int) throws {
        let pair = try TransportPair(identity: Self.identities[format])
        pair.serverEchoes = true
        pair.connect()
        for port in 1...3 as ClosedRange<UInt16> {
            pair.clientAddress = Address(ipv4: 0xc000_0202, port: port)
            pair.client.rebind(now: pair.now)
            _ = try pair.sendFromClient(testMessage(50, seed: UInt64(port)))
            pair.run(for: .seconds(1))
        }
        #expect(pair.clientMessages.count == 3)
        #expect(pair.migrations == [.deliberate, .deliberate, .deliberate])
    }

    @Test("the loop's index shows in no ID, and IDs do not repeat", arguments: 0..<4)
    func indexIsHidden(format: Int) throws {
        let issuer = try ConnectionIDIssuer(
            loopIndex: 0, identity: Self.identities[format], random: .seeded(3))
        let nonceStart = 1 + (Self.identities[format].routing?.serverID.count ?? 0)
        let ids = (0..<2000).map { _ in issuer.makeID() }
        #expect(Set(ids).count == ids.count)
        #expect(ids.allSatisfy { issuer.home(of: $0) == .loop(0) })
        #expect(Set(ids.map { $0.bytes[nonceStart] }).count > 200)
    }

    @Test("server IDs and nonces that make no connection ID are refused")
    func badRouting() throws {
        for (serverIDLength, nonceLength, rotation) in [
            (10, 5, 0), (14, 5, 0), (0, 3, 0), (14, 6, 0), (1, 4, 0), (2, 5, 8),
        ] {
            var identity = EndpointIdentity.ephemeral(.seeded(1))
            identity.routing = ConnectionIDRouting(serverID: [UInt8](repeating: 1, count: serverIDLength))
            identity.routing?.nonceLength = nonceLength
            identity.routing?.rotation = UInt8(rotation)
            #expect(throws: TransportError.self) { try endpoint(identity: identity) }
        }
    }

    @Test("a configuration that cannot work is refused with its reason")
    func badConfiguration() throws {
        var configuration = TransportConfiguration.server
        configuration.maximumDatagramBytes = 100
        #expect(throws: TransportError.self) {
            try ServerEndpoint(
                configuration: configuration, tls: TestTLS.server.get(), loopIndex: 0, limits: EndpointLimits(),
                random: .system)
        }
    }
}
