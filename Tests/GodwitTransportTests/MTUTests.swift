import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

@Suite("Path MTU discovery")
struct MTUTests {
    private func pair(seed: UInt64 = 1, largest: Int) throws -> TransportPair {
        var client = TransportConfiguration.client
        client.discoversMTU = true
        var server = TransportConfiguration.server
        server.discoversMTU = true
        let pair = try TransportPair(seed: seed, clientConfiguration: client, serverConfiguration: server)
        pair.up.largest = largest
        pair.down.largest = largest
        pair.connect()
        return pair
    }

    /// Sends messages of 200 KB from the server, and waits for each.
    private func sendBulk(_ count: Int, on pair: TransportPair) throws {
        for index in 0..<count {
            let before = pair.clientMessages.count
            let message = testMessage(200_000, seed: UInt64(index))
            _ = try pair.sendFromServer(message)
            #expect(pair.run(for: .minutes(2)) { pair.clientMessages.count > before })
            #expect(pair.clientMessages.last == message)
        }
    }

    @Test("bulk finds a path's largest datagram to 24 bytes, and never sends larger ones but to try", arguments: 1...6)
    func search(seed: UInt64) throws {
        let largest = 1200 + Int(RandomSource.seeded(seed).next() % 273)
        let pair = try pair(seed: seed, largest: largest)
        if seed % 3 == 0 { pair.setLoss(0.02) }
        var tooLarge = 0
        pair.onServerDatagram = { datagram, _ in if datagram.readableBytes > largest { tooLarge += 1 } }
        try sendBulk(24, on: pair)
        let figures = try #require(pair.server?.statistics)
        #expect(figures.datagramBytes <= largest)
        if seed % 3 != 0 {
            #expect(figures.datagramBytes > largest - MTUDiscovery.resolution, "seed \(seed), \(largest)")
        }
        #expect(tooLarge <= Int(figures.mtuProbes))
        #expect(figures.blackHoles == 0)
    }

    @Test("a chat never tries")
    func thin() throws {
        let pair = try pair(largest: 1472)
        for index in 0..<400 {
            _ = try pair.sendFromClient(testMessage(200, seed: UInt64(index)))
            _ = try pair.sendFromServer(testMessage(200, seed: UInt64(index)))
            pair.run(for: .milliseconds(250))
        }
        #expect(pair.client.statistics.mtuProbes == 0)
        #expect(pair.server?.statistics.mtuProbes == 0)
    }

    @Test("a probe that is lost is not taken for congestion, nor for a lost packet")
    func noBlame() throws {
        let pair = try pair(largest: 1300)
        try sendBulk(12, on: pair)
        let figures = try #require(pair.server?.statistics)
        #expect(figures.mtuProbes >= 3)
        #expect(figures.packetsLost == 0)
        #expect(figures.datagramBytes > 1200)
    }

    @Test(
        "when large datagrams begin to vanish, the base size is used within seconds", arguments: [1, 2, 3] as [UInt64])
    func blackHole(seed: UInt64) throws {
        let pair = try pair(seed: seed, largest: 1472)
        if seed == 3 { pair.setLoss(0.05) }
        try sendBulk(3, on: pair)
        #expect(pair.server?.statistics.datagramBytes == 1472)
        pair.down.largest = 1250
        let start = pair.now
        try sendBulk(1, on: pair)
        #expect(pair.now - start < .seconds(8))
        try sendBulk(2, on: pair)
        let figures = try #require(pair.server?.statistics)
        #expect(figures.datagramBytes == 1200)
        #expect(figures.blackHoles == 1)
    }

    @Test("random loss is no black hole", arguments: 1...6)
    func lossyPath(seed: UInt64) throws {
        let pair = try pair(seed: seed, largest: 1472)
        try sendBulk(2, on: pair)
        pair.setLoss(0.2)
        try sendBulk(3, on: pair)
        #expect(pair.server?.statistics.blackHoles == 0)
        #expect(pair.server?.statistics.datagramBytes == 1472)
    }

    @Test("a client at another address begins with the base size again; one with another port does not")
    func migration() throws {
        let pair = try pair(largest: 1472)
        try sendBulk(2, on: pair)
        pair.clientAddress = Address(ipv4: 0xc000_0201, port: 40_001)
        _ = try pair.sendFromClient(testMessage(10, seed: 1))
        pair.run(for: .seconds(1))
        #expect(pair.server?.statistics.datagramBytes == 1472)
        pair.clientAddress = Address(ipv4: 0xc000_0299, port: 40_001)
        _ = try pair.sendFromClient(testMessage(10, seed: 1))
        pair.run(for: .seconds(1))
        #expect(pair.server?.statistics.datagramBytes == 1200)
    }

    @Test("what failed is tried again after ten minutes")
    func again() {
        var mtu = MTUDiscovery(base: 1200, remote: TransportPair.serverAddress, isWanted: true)
        var now = NIODeadline.uptimeNanoseconds(1_000_000_000)
        var number: UInt64 = 0
        func probe() -> Int? {
            number += MTUDiscovery.packetsBetweenProbes
            return mtu.probeSize(waiting: 1 << 20, number: number, now: now)
        }
        while let size = probe() {
            mtu.probeSent(number: number)
            if size > 1210 { mtu.probeLost(bytes: size) } else { mtu.probeArrived(bytes: size) }
        }
        #expect(mtu.current == 1200)
        now = now + .minutes(9)
        #expect(probe() == nil)
        now = now + .minutes(2)
        #expect(probe() == 1472)
        mtu.probeSent(number: number)
        mtu.probeArrived(bytes: 1472)
        #expect(mtu.current == 1472)
        #expect(probe() == nil)
    }
}
