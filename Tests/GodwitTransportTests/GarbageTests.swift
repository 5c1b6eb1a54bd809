import GodwitTransport
import GodwitWire
import NIOCore
import Testing

@Suite("Outside bytes")
struct GarbageTests {
    @Test("flipped bits and cut datagrams are dropped, and the conversation is whole", arguments: 1...12)
    func corruption(seed: UInt64) throws {
        let pair = try TransportPair(seed: seed)
        pair.serverEchoes = true
        pair.up.corruption = 0.3
        pair.down.corruption = 0.3
        pair.up.jitter = .milliseconds(20)
        for index in 0..<10 {
            _ = try pair.sendFromClient(testMessage(100 + index * 300, seed: UInt64(index)))
            pair.run(for: .milliseconds(50))
        }
        pair.run(for: .seconds(30)) { pair.clientMessages.count == 10 }
        let received = pair.clientMessages.sorted { $0.readableBytes < $1.readableBytes }
        #expect(received == (0..<10).map { testMessage(100 + $0 * 300, seed: UInt64($0)) }, "seed \(seed)")
        let drops = pair.client.statistics.drops.total + pair.endpoint.drops.total
        #expect(drops > 0, "seed \(seed)")
    }

    @Test("random bytes trap neither end and disturb no connection", arguments: 1...10)
    func randomBytes(seed: UInt64) throws {
        let pair = try TransportPair(seed: seed)
        pair.connect()
        let random = RandomSource.seeded(seed)
        for _ in 0..<500 {
            var bytes = ByteBuffer(bytes: random.bytes(Int(random.next() % 1300)))
            // Half of them begin as real packets do.
            if random.next() % 2 == 0, bytes.readableBytes > 12 {
                bytes.setInteger(UInt8(0x80), at: 0)
                bytes.setInteger(UInt8(random.next() % 3), at: 1)
                bytes.setInteger(UInt8(random.next() % 24), at: 2)
            }
            pair.client.receive(bytes, from: TransportPair.serverAddress, now: pair.now)
            _ = pair.endpoint.receive(bytes, from: pair.clientAddress, now: pair.now)
        }
        pair.serverEchoes = true
        _ = try pair.sendFromClient(testMessage(100, seed: seed))
        pair.run(for: .seconds(2)) { !pair.clientMessages.isEmpty }
        #expect(pair.clientMessages == [testMessage(100, seed: seed)], "seed \(seed)")
        #expect(pair.endpoint.drops.total >= 400)
        #expect(pair.endpoint.connectionCount == 1)
    }

    @Test("a replayed datagram has no effect")
    func replay() throws {
        let pair = try TransportPair()
        pair.connect()
        var recorded: [ByteBuffer] = []
        pair.onClientDatagram = { recorded.append($0) }
        _ = try pair.sendFromClient(testMessage(100, seed: 1))
        pair.run(for: .milliseconds(100))
        for datagram in recorded { pair.deliverToServer(datagram, from: pair.clientAddress) }
        pair.run(for: .milliseconds(100))
        #expect(pair.serverMessages.count == 1)
        #expect(pair.endpoint.drops[.duplicate] > 0)
    }
}
