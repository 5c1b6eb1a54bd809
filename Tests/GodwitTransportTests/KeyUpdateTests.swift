import GodwitTLS
import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

@Suite("Key updates")
struct KeyUpdateTests {
    // MARK: Updates in use

    @Test("messages arrive whole and once over many updates, whatever the network does", arguments: UInt64(0)..<24)
    func manyUpdates(seed: UInt64) throws {
        let random = RandomSource.seeded(seed &+ 77)
        var client = TransportConfiguration.client
        var server = TransportConfiguration.server
        client.packetsPerKey = 1 + random.next() % 40
        server.packetsPerKey = 1 + random.next() % 40
        let pair = try TransportPair(seed: seed, clientConfiguration: client, serverConfiguration: server)
        pair.connect()
        pair.setLoss(Double(seed % 4) * 0.06)
        pair.up.jitter = .milliseconds(Int64(random.next() % 60))
        pair.down.jitter = .milliseconds(Int64(random.next() % 60))
        pair.up.duplication = 0.1
        pair.down.duplication = 0.1
        let count = 120
        var sent: [ByteBuffer] = []
        for index in 0..<count {
            let message = testMessage(1 + Int(random.next() % 3_000), seed: seed &* 1_000 &+ UInt64(index))
            sent.append(message)
            _ = try pair.sendFromClient(message)
            _ = try pair.sendFromServer(message)
            pair.run(for: .milliseconds(Int64(random.next() % 200)))
        }
        pair.run(for: .seconds(30)) { pair.clientMessages.count >= count && pair.serverMessages.count >= count }
        #expect(pair.clientClosed == nil && pair.serverClosed == nil)
        #expect(Self.sorted(pair.serverMessages) == Self.sorted(sent))
        #expect(Self.sorted(pair.clientMessages) == Self.sorted(sent))
        let figures = pair.client.statistics
        #expect(figures.keyUpdatesStarted + figures.keyUpdatesFollowed >= 5)
    }

    private static func sorted(_ messages: [ByteBuffer]) -> [[UInt8]] {
        messages.map { Array($0.readableBytesView) }.sorted { $0.lexicographicallyPrecedes($1) }
    }

    @Test("one end's update is followed by the other, and the keys before are forgotten in the end")
    func followed() throws {
        let pair = try Self.ready()
        let server = try #require(pair.server)
        #expect(pair.client.renewKeys(now: pair.now))
        try Self.exchange(pair)
        #expect(pair.client.statistics.keyUpdatesStarted == 1)
        #expect(server.statistics.keyUpdatesFollowed == 1)
        #expect(server.application.keys?.phaseBit == PacketHeader.keyPhaseBit)
        #expect(pair.client.application.keys?.phaseBit == PacketHeader.keyPhaseBit)
        pair.run(for: .seconds(2))
        #expect(server.application.keys?.hasPrevious == false)
        #expect(pair.client.application.keys?.hasPrevious == false)
        #expect(server.statistics.drops.total == 0 && pair.client.statistics.drops.total == 0)
    }

    @Test("two ends that update at the same time are in the same phase")
    func simultaneous() throws {
        let pair = try Self.ready()
        let server = try #require(pair.server)
        for round in UInt64(1)...6 {
            #expect(pair.client.renewKeys(now: pair.now))
            #expect(server.renewKeys(now: pair.now))
            try Self.exchange(pair)
            pair.run(for: .seconds(2))
            for end in [pair.client, server] {
                #expect(end.statistics.keyUpdatesStarted == round)
                #expect(end.statistics.keyUpdatesFollowed == 0)
                #expect(end.application.keys?.phaseBit == (round % 2 == 1 ? PacketHeader.keyPhaseBit : 0))
                #expect(end.statistics.drops.total == 0)
            }
        }
    }

    @Test("a packet of the phase before is taken for three probe timeouts, and no longer", arguments: [false, true])
    func straggler(isTooLate: Bool) throws {
        let pair = try Self.ready()
        let server = try #require(pair.server)
        let straggler = try Self.heldBack(pair)
        #expect(pair.client.renewKeys(now: pair.now))
        try Self.exchange(pair)
        #expect(server.application.keys?.hasPrevious == true)
        if isTooLate { pair.run(for: .seconds(2)) }
        let before = server.statistics.packetsReceived
        pair.deliverToServer(straggler, from: pair.clientAddress)
        #expect(server.statistics.packetsReceived == before + (isTooLate ? 0 : 1))
        #expect(server.statistics.drops[.authenticationFailed] == (isTooLate ? 1 : 0))
        try Self.exchange(pair)
    }

    @Test(
        "keys are not replaced before the peer has acknowledged a packet under them, and had time to forget older ones")
    func patience() throws {
        let start = NIODeadline.uptimeNanoseconds(1_000)
        let patience = TimeAmount.milliseconds(300)
        var phase = KeyPhase(updateAfter: 10)
        #expect(!phase.isWorn(nextNumber: 9) && phase.isWorn(nextNumber: 10))
        #expect(!phase.mayUpdate(now: .distantFuture))
        try phase.acknowledged(upTo: 4, patience: patience, now: start)
        #expect(!phase.mayUpdate(now: start + .milliseconds(299)))
        #expect(phase.mayUpdate(now: start + patience))
        phase.advance(nextNumber: 12, largestReceived: 30)
        #expect(!phase.isWorn(nextNumber: 21) && phase.isWorn(nextNumber: 22))
        try phase.acknowledged(upTo: 11, patience: patience, now: start)
        #expect(!phase.mayUpdate(now: .distantFuture))
        try phase.acknowledged(upTo: 12, patience: patience, now: start)
        // The peer's packets of the phase before can still come.
        #expect(!phase.mayUpdate(now: .distantFuture))
        try phase.opened(31, byPrevious: false, deadline: start + patience)
        #expect(phase.previousDeadline == start + patience)
        phase.acknowledging(upTo: 31)
        #expect(!phase.isSettled)
        phase.forgetPrevious()
        #expect(phase.isSettled && phase.previousDeadline == nil)
        #expect(phase.mayUpdate(now: start + patience))
    }

    @Test("a connection whose handshake is not confirmed keeps its keys")
    func unconfirmed() throws {
        var configuration = TransportConfiguration.client
        configuration.packetsPerKey = 1
        let pair = try TransportPair(clientConfiguration: configuration)
        pair.run(for: .seconds(10)) { pair.clientEstablished != nil }
        pair.down.isCut = true
        for index in 0..<20 { _ = try pair.sendFromClient(testMessage(500, seed: UInt64(index))) }
        pair.run(for: .seconds(2))
        #expect(pair.client.application.sent.nextNumber >= 10)
        #expect(pair.client.statistics.keyUpdatesStarted == 0)
        pair.down.isCut = false
        pair.run(for: .seconds(10)) { pair.serverMessages.count == 20 }
        #expect(pair.serverMessages.count == 20)
    }

    // MARK: Violations

    @Test("an update before anything of the phase was acknowledged is an error")
    func unacknowledged() throws {
        let pair = try TransportPair()
        pair.run(for: .seconds(10)) { pair.clientEstablished != nil }
        try pair.client.application.keys?.update()
        _ = try pair.sendFromClient(testMessage(10, seed: 1))
        pair.run(for: .seconds(2)) { pair.serverClosed != nil }
        #expect(pair.serverClosed == .protocolViolation(.keyUpdateUnacknowledged))
    }

    @Test(
        "a packet of the old phase behind one of the new is an error, in whichever order they arrive",
        arguments: [false, true])
    func oldKeys(isReordered: Bool) throws {
        let pair = try Self.ready()
        let server = try #require(pair.server)
        let old = try Self.firstKeys(of: pair.client)
        let new = try Self.firstKeys(of: pair.client)
        try new.update()
        pair.client.application.keys = new
        let first = try Self.heldBack(pair)
        pair.client.application.keys = old
        let second = try Self.heldBack(pair)
        for datagram in isReordered ? [second, first] : [first, second] {
            #expect(server.state == .established)
            pair.deliverToServer(datagram, from: pair.clientAddress)
        }
        pair.client.application.keys = new
        pair.run(for: .seconds(1)) { pair.serverClosed != nil }
        guard case .protocolViolation(let error) = pair.serverClosed, case .oldKeys = error else {
            Issue.record("closed because of \(String(describing: pair.serverClosed))")
            return
        }
        #expect(error.code == .keyUpdate && error.code.rawValue == 0xe)
    }

    @Test("who acknowledges a packet of the new phase under the old keys breaks the protocol")
    func acknowledgedUnderOldKeys() throws {
        var phase = KeyPhase(updateAfter: 10)
        phase.advance(nextNumber: 50, largestReceived: 70)
        try phase.opened(71, byPrevious: true, deadline: .distantFuture)
        try phase.acknowledged(upTo: 49, patience: .seconds(1), now: .distantPast)
        #expect(throws: ProtocolError.acknowledgedUnderOldKeys(packet: 50)) {
            try phase.acknowledged(upTo: 50, patience: .seconds(1), now: .distantPast)
        }
    }

    @Test("too many forged packets end the connection, the phases counted together")
    func forgeries() throws {
        let pair = try Self.ready()
        let server = try #require(pair.server)
        server.forgeryLimit = 4
        for round in 0..<2 {
            var datagram = try Self.heldBack(pair)
            let last = datagram.writerIndex - 1
            datagram.setInteger((datagram.getInteger(at: last, as: UInt8.self) ?? 0) ^ 1, at: last)
            #expect(server.state == .established)
            for _ in 0..<2 { pair.deliverToServer(datagram, from: pair.clientAddress) }
            guard round == 0 else { break }
            #expect(pair.client.renewKeys(now: pair.now))
            try Self.exchange(pair)
        }
        pair.run(for: .seconds(1)) { pair.serverClosed != nil }
        #expect(pair.serverClosed == .keyLimitReached)
    }

    @Test("a configuration without a usable number of packets is refused")
    func configuration() throws {
        for packets in [0, ProtocolLimits.maximumPacketsPerKey / 2 + 1] {
            var configuration = TransportConfiguration.client
            configuration.packetsPerKey = packets
            #expect(throws: TransportError.self) { try TransportPair(clientConfiguration: configuration) }
        }
    }

    // MARK: Parts

    /// Connected, and long enough for both ends to be allowed an update.
    private static func ready() throws -> TransportPair {
        let pair = try TransportPair()
        pair.connect()
        try exchange(pair)
        pair.run(for: .seconds(2))
        return pair
    }

    /// A message each way, acknowledged.
    private static func exchange(_ pair: TransportPair) throws {
        let client = pair.clientMessages.count
        let server = pair.serverMessages.count
        _ = try pair.sendFromClient(testMessage(100, seed: 1))
        _ = try pair.sendFromServer(testMessage(100, seed: 2))
        pair.run(for: .seconds(10)) { pair.clientMessages.count > client && pair.serverMessages.count > server }
        pair.run(for: .milliseconds(100))
        #expect(pair.clientMessages.count > client && pair.serverMessages.count > server)
    }

    /// A datagram that the client has sent and that has not arrived.
    private static func heldBack(_ pair: TransportPair) throws -> ByteBuffer {
        var held: ByteBuffer?
        pair.up.isCut = true
        pair.onClientDatagram = { held = held ?? $0 }
        _ = try pair.sendFromClient(testMessage(50, seed: 3))
        pair.pump()
        pair.onClientDatagram = nil
        pair.up.isCut = false
        return try #require(held)
    }

    /// The keys that the handshake gave, as new.
    private static func firstKeys(of client: Connection) throws -> PacketKeys {
        let binding = Handshake.binding(clientChosenID: client.clientChosenID, serverIssuedID: client.peerID)
        let secrets = try #require(try client.handshake.packetSecrets(binding: binding))
        return try PacketKeys(role: .client, client: secrets.client, server: secrets.server, isUpdatable: true)
    }
}
