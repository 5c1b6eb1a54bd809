import GodwitTLS
import GodwitTransport
import GodwitWire
import NIOCore
import Testing

@Suite("Server endpoint")
struct EndpointTests {
    private let now = NIODeadline.uptimeNanoseconds(1_000_000_000)
    private let address = Address(ipv4: 0xc000_0201, port: 1)

    private func endpoint(_ limits: EndpointLimits = EndpointLimits(), loop: UInt8 = 0) throws -> ServerEndpoint {
        try ServerEndpoint(
            configuration: .server, tls: TestTLS.server.get(), loopIndex: loop, limits: limits, random: .seeded(1))
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

    @Test("a packet for another event loop is passed on, for a loop that is not there dropped")
    func loops() throws {
        var limits = EndpointLimits()
        limits.loopCount = 4
        let endpoint = try endpoint(limits, loop: 1)
        func packet(loop: UInt8) -> ByteBuffer {
            var buffer = ByteBuffer(bytes: [0x00])
            ConnectionID(loopIndex: loop, random: .seeded(9)).write(into: &buffer)
            buffer.writeRepeatingByte(0, count: 30)
            return buffer
        }
        guard case .loop(3, let passed) = endpoint.receive(packet(loop: 3), from: address, now: now) else {
            Issue.record("not passed on")
            return
        }
        #expect(passed == packet(loop: 3))
        _ = endpoint.receive(packet(loop: 4), from: address, now: now)
        #expect(endpoint.drops[.unknownLoop] == 1)
        _ = endpoint.receive(packet(loop: 1), from: address, now: now)
        #expect(endpoint.drops[.unknownConnection] == 1)
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
