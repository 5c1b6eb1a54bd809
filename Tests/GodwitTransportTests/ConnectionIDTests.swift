import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

@Suite("Connection IDs")
struct ConnectionIDTests {
    private static func id(_ byte: UInt8) -> ConnectionID {
        ConnectionID([UInt8](repeating: byte, count: 8)) ?? .empty
    }

    private static func frame(_ sequence: UInt64, retirePriorTo: UInt64 = 0, id: UInt8? = nil) -> NewConnectionIDFrame {
        NewConnectionIDFrame(
            sequence: sequence, retirePriorTo: retirePriorTo,
            id: Self.id(id ?? UInt8(truncatingIfNeeded: sequence)),
            token: StatelessResetToken(high: sequence, low: sequence))
    }

    // MARK: A client's

    @Test("a client goes on with the spare, gives up the old ID, and has no second spare")
    func rotation() throws {
        let ids = PeerIDs(handshakeID: Self.id(0))
        #expect(!ids.rotate())
        try ids.add(Self.frame(1))
        #expect(ids.current == Self.id(0))
        #expect(ids.rotate())
        #expect(ids.current == Self.id(1))
        #expect(ids.takeRetirement() == 0)
        #expect(ids.takeRetirement() == nil)
        #expect(!ids.rotate())
        ids.retireAgain(0)
        #expect(ids.takeRetirement() == 0)
    }

    @Test("only the ID in use can be reset")
    func resetTokens() throws {
        let ids = PeerIDs(handshakeID: Self.id(0))
        let first = StatelessResetToken(high: 9, low: 9)
        #expect(!ids.isReset(first))
        ids.confirm(first)
        #expect(ids.isReset(first))
        try ids.add(Self.frame(1))
        #expect(!ids.isReset(Self.frame(1).token))
        _ = ids.rotate()
        #expect(ids.isReset(Self.frame(1).token))
        #expect(!ids.isReset(first))
        // A late copy of HANDSHAKE_DONE speaks of the first ID.
        ids.confirm(first)
        #expect(!ids.isReset(first))
    }

    @Test("copies of a frame change nothing, also when its ID was given up")
    func copies() throws {
        let ids = PeerIDs(handshakeID: Self.id(0))
        try ids.add(Self.frame(1))
        try ids.add(Self.frame(1))
        _ = ids.rotate()
        try ids.add(Self.frame(2))
        _ = ids.rotate()
        try ids.add(Self.frame(1))
        #expect(!ids.hasSpare)
        #expect(ids.current == Self.id(2))
    }

    @Test("IDs that the server takes back are given up, the one in use too")
    func retirePriorTo() throws {
        let ids = PeerIDs(handshakeID: Self.id(0))
        try ids.add(Self.frame(1))
        try ids.add(Self.frame(2, retirePriorTo: 2))
        #expect(ids.current == Self.id(2))
        #expect([ids.takeRetirement(), ids.takeRetirement(), ids.takeRetirement()] == [1, 0, nil])
        // What was overtaken is given up at once.
        let late = PeerIDs(handshakeID: Self.id(0))
        try late.add(Self.frame(3, retirePriorTo: 3))
        _ = late.takeRetirement()
        try late.add(Self.frame(2))
        #expect(late.current == Self.id(3))
        #expect(late.takeRetirement() == 2)
    }

    @Test("frames that disagree, or are more than a client keeps, are violations")
    func violations() throws {
        let ids = PeerIDs(handshakeID: Self.id(0))
        try ids.add(Self.frame(1))
        #expect(throws: ProtocolError.inconsistentConnectionID(sequence: 1)) { try ids.add(Self.frame(1, id: 7)) }
        #expect(throws: ProtocolError.inconsistentConnectionID(sequence: 2)) { try ids.add(Self.frame(2, id: 1)) }
        #expect(throws: ProtocolError.connectionIDLimit) { try ids.add(Self.frame(2)) }
        let greedy = PeerIDs(handshakeID: Self.id(0))
        // A server that takes back every ID that it gives, and never confirms.
        #expect(throws: ProtocolError.connectionIDLimit) {
            for sequence in 1...100 as ClosedRange<UInt64> {
                try greedy.add(Self.frame(sequence, retirePriorTo: sequence))
                _ = greedy.takeRetirement()
            }
        }
        let gaps = PeerIDs(handshakeID: Self.id(0))
        #expect(throws: ProtocolError.connectionIDLimit) {
            for sequence in 1...100 as ClosedRange<UInt64> {
                try gaps.add(Self.frame(2 * sequence, retirePriorTo: 2 * sequence))
                _ = gaps.takeRetirement()
                gaps.retirementArrived()
            }
        }
    }

    @Test("whatever frames come, a client has an ID, and within its bounds", arguments: 1...40 as ClosedRange<UInt64>)
    func anyFrames(seed: UInt64) {
        let random = RandomSource.seeded(seed)
        let ids = PeerIDs(handshakeID: Self.id(0))
        for _ in 0..<200 {
            let sequence = random.next() % 12
            let frame = Self.frame(sequence, retirePriorTo: random.next() % (sequence + 1))
            guard (try? ids.add(frame)) != nil else { return }
            if random.next() % 3 == 0 { _ = ids.rotate() }
            if random.next() % 2 == 0, ids.takeRetirement() != nil { ids.retirementArrived() }
            #expect(ids.retirements.count <= PeerIDs.maximumRetirements)
            #expect(!ids.retirements.contains { Self.id(UInt8($0)) == ids.current }, "seed \(seed)")
        }
    }

    // MARK: A server's

    private func localIDs() throws -> LocalIDs {
        let issuer = try ConnectionIDIssuer(loopIndex: 0, identity: .ephemeral(.seeded(1)), random: .seeded(2))
        return LocalIDs(handshakeID: Self.id(0), issuer: issuer)
    }

    @Test("a server has two IDs good at a time, and makes another for each that is given up")
    func issued() throws {
        let ids = try localIDs()
        #expect(ids.isUnsettled)
        ids.add(Self.id(1))
        #expect(!ids.isUnsettled)
        #expect(ids.takeAnnouncement()?.sequence == 1)
        #expect(ids.takeAnnouncement() == nil)
        #expect(ids.sequence(of: Self.id(1)) == 1)
        try ids.retire(0, inPacketTo: 1)
        #expect(ids.sequence(of: Self.id(0)) == nil)
        #expect(ids.takeRetired() == [Self.id(0)])
        #expect(ids.needsMore)
        // A copy of RETIRE_CONNECTION_ID.
        try ids.retire(0, inPacketTo: 1)
        #expect(ids.takeRetired().isEmpty)
    }

    @Test("what was never issued, or carries the very packet, cannot be given up")
    func badRetirement() throws {
        let ids = try localIDs()
        ids.add(Self.id(1))
        #expect(throws: ProtocolError.retiredConnectionID(sequence: 2)) { try ids.retire(2, inPacketTo: 0) }
        #expect(throws: ProtocolError.retiredConnectionID(sequence: 1)) { try ids.retire(1, inPacketTo: 1) }
    }

    @Test("an announcement that was lost is repeated, unless its ID is not good any more")
    func lostAnnouncement() throws {
        let ids = try localIDs()
        ids.add(Self.id(1))
        let frame = ids.takeAnnouncement()
        ids.announceAgain(1)
        #expect(ids.takeAnnouncement() == frame)
        try ids.retire(1, inPacketTo: 0)
        ids.announceAgain(1)
        #expect(ids.takeAnnouncement() == nil)
    }

    // MARK: Both

    @Test("a client that changes networks is not seen under its old ID on the new one, and gets another spare")
    func deliberate() throws {
        let pair = try TransportPair()
        pair.serverEchoes = true
        pair.connect()
        var seen: [UInt16: Set<ConnectionID>] = [:]
        pair.onClientDatagram = { [unowned pair] datagram in
            var reading = datagram
            guard case .short(let id) = try? PacketHeader.decode(from: &reading, shortDestinationLength: 8) else {
                return
            }
            seen[pair.clientAddress.port, default: []].insert(id)
        }
        for port in 1...6 as ClosedRange<UInt16> {
            pair.clientAddress = Address(ipv4: 0xc000_0200 + UInt32(port), port: port)
            pair.client.rebind(now: pair.now)
            _ = try pair.sendFromClient(testMessage(50, seed: UInt64(port)))
            pair.run(for: .seconds(1))
        }
        #expect(pair.clientMessages.count == 6)
        #expect(pair.migrations == [MigrationCause](repeating: .deliberate, count: 6))
        #expect(pair.server?.statistics.migrations[.deliberate] == 6)
        let ids = seen.values.map { $0 }
        #expect(ids.count == 6)
        #expect(ids.allSatisfy { $0.count == 1 })
        #expect(ids.reduce(into: Set()) { $0.formUnion($1) }.count == 6)
    }

    @Test("an address translator that forgets the client is told from a client that moves")
    func rebinding() throws {
        let pair = try TransportPair()
        pair.serverEchoes = true
        pair.connect()
        pair.clientAddress = Address(ipv4: 0xc000_0201, port: 50_000)
        _ = try pair.sendFromClient(testMessage(50, seed: 1))
        pair.run(for: .seconds(1))
        #expect(pair.migrations == [.rebinding])
        #expect(pair.clientMessages.count == 1)
    }

    @Test("a client that moves again before it has another spare goes on with the ID that it has")
    func noSpare() throws {
        let pair = try TransportPair()
        pair.serverEchoes = true
        pair.connect()
        for port in 1...3 as ClosedRange<UInt16> {
            pair.clientAddress = Address(ipv4: 0xc000_0202, port: port)
            pair.client.rebind(now: pair.now)
            pair.run(for: .milliseconds(5))
        }
        _ = try pair.sendFromClient(testMessage(50, seed: 1))
        pair.run(for: .seconds(5)) { !pair.clientMessages.isEmpty }
        #expect(pair.clientMessages.count == 1)
        #expect(pair.clientClosed == nil)
        #expect(pair.client.peerIDs?.hasSpare == true)
    }

    @Test("moves under loss neither lose a message nor leave an ID behind", arguments: 1...10 as ClosedRange<UInt64>)
    func movesUnderLoss(seed: UInt64) throws {
        let pair = try TransportPair(seed: seed)
        pair.serverEchoes = true
        pair.connect()
        pair.setLoss(0.2)
        for index in 0..<20 {
            if index % 4 == 3 {
                pair.clientAddress = Address(ipv4: 0xc000_0300 + UInt32(index), port: 1000)
                pair.client.rebind(now: pair.now)
            }
            _ = try pair.sendFromClient(testMessage(30 + index, seed: UInt64(index)))
            pair.run(for: .milliseconds(150))
        }
        pair.setLoss(0)
        pair.run(for: .seconds(20)) { pair.clientMessages.count == 20 }
        #expect(pair.clientMessages.count == 20, "seed \(seed)")
        #expect(pair.clientClosed == nil && pair.serverClosed == nil, "seed \(seed)")
        pair.run(for: .seconds(2))
        var good = 0
        pair.server?.localIDs?.forEach { _ in good += 1 }
        #expect(good == ProtocolLimits.activeConnectionIDs)
        let handle = try #require(pair.handle)
        pair.endpoint.remove(handle)
        #expect(pair.endpoint.knownIDCount == 0)
    }

    @Test("a restart is noticed under a later ID as well")
    func resetAfterMove() throws {
        let pair = try TransportPair()
        pair.serverEchoes = true
        pair.connect()
        pair.clientAddress = Address(ipv4: 0xc000_0299, port: 1)
        pair.client.rebind(now: pair.now)
        _ = try pair.sendFromClient(testMessage(50, seed: 1))
        pair.run(for: .seconds(1))
        try pair.restartServer()
        _ = try pair.sendFromClient(testMessage(50, seed: 2))
        pair.run(for: .seconds(1)) { pair.clientClosed != nil }
        #expect(pair.clientClosed == .statelessReset)
    }

    @Test("a client that offers IDs breaks the protocol: it has none")
    func clientOffers() throws {
        let pair = try TransportPair()
        pair.connect()
        #expect(throws: ProtocolError.frameNotAllowed(type: 0x18)) { try pair.server?.receive(Self.frame(1)) }
        #expect(throws: ProtocolError.frameNotAllowed(type: 0x19)) { try pair.client.receiveRetirement(of: 0) }
    }
}
