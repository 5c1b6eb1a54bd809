import GodwitSimulation
import GodwitWire
import NIOCore
import Testing

@Suite struct SimulatedNetworkTests {
    private let client = Address(ipv4: 0x0a00_0001, port: 5_000)
    private let server = Address(ipv4: 0xc000_0201, port: 443)

    /// Sends `count` numbered datagrams, a millisecond apart, and returns the numbers in the order of arrival.
    private func transfer(_ count: UInt32, over network: inout SimulatedNetwork) -> [UInt32] {
        var clock = VirtualClock()
        var received: [UInt32] = []
        network.attach(client: client)
        for number in 0..<count {
            var datagram = ByteBuffer(integer: number)
            datagram.writeRepeatingByte(0, count: 100)
            network.send(datagram, from: client, to: server, now: clock.now)
            clock.advance(by: .milliseconds(1))
        }
        while let next = network.nextDelivery {
            clock.advance(to: next)
            while let delivery = network.receive(now: clock.now) {
                received.append(delivery.datagram.getInteger(at: 0) ?? .max)
            }
        }
        return received
    }

    private func network(_ link: LinkProfile, seed: UInt64 = 1) -> SimulatedNetwork {
        SimulatedNetwork(profile: NetworkProfile(name: "test", up: link, down: link), random: .seeded(seed))
    }

    @Test("a clean link delivers everything once and in order")
    func clean() {
        var network = network(LinkProfile(delay: .milliseconds(20)))
        #expect(transfer(100, over: &network) == Array(0..<100))
    }

    @Test("one seed replays, another differs")
    func replay() {
        var first = SimulatedNetwork(profile: .hostile, random: .seeded(5))
        var second = SimulatedNetwork(profile: .hostile, random: .seeded(5))
        var other = SimulatedNetwork(profile: .hostile, random: .seeded(6))
        let order = transfer(500, over: &first)
        #expect(order == transfer(500, over: &second))
        #expect(order != transfer(500, over: &other))
        #expect(first.statistics == second.statistics)
    }

    @Test("loss comes at its rate")
    func loss() {
        var network = network(LinkProfile(loss: .independent(0.2)))
        let received = transfer(5_000, over: &network)
        #expect((3_850...4_150).contains(received.count))
        #expect(network.statistics.lost == 5_000 - received.count)
    }

    @Test("bursts lose neighbours together")
    func bursts() {
        var network = network(LinkProfile(loss: .bursts(toBad: 0.04, toGood: 0.2, inBad: 0.9, inGood: 0.01)))
        let received = Set(transfer(5_000, over: &network))
        let lost = (0..<5_000).map { !received.contains($0) }
        let lossRate = Double(lost.count { $0 }) / 5_000
        let afterLoss = zip(lost, lost.dropFirst()).filter { $0.0 }
        let lossRateAfterLoss = Double(afterLoss.count { $0.1 }) / Double(afterLoss.count)
        #expect((0.1...0.22).contains(lossRate))
        #expect(lossRateAfterLoss > 2 * lossRate)
    }

    @Test("jitter makes datagrams overtake each other")
    func reordering() {
        var network = network(LinkProfile(delay: .milliseconds(50), jitter: .milliseconds(20)))
        let received = transfer(200, over: &network)
        #expect(received != received.sorted())
        #expect(received.sorted() == Array(0..<200))
    }

    @Test("duplicates arrive twice")
    func duplication() {
        var network = network(LinkProfile(duplication: 0.5))
        let received = transfer(1_000, over: &network)
        #expect(received.count == 1_000 + network.statistics.duplicated)
        #expect((400...600).contains(network.statistics.duplicated))
    }

    @Test("a corrupted datagram keeps its length and differs in one to eight bits")
    func corruption() throws {
        var network = network(LinkProfile(corruption: 1))
        let original = ByteBuffer(repeating: 0, count: 64)
        let clock = VirtualClock()
        for _ in 0..<200 {
            network.send(original, from: client, to: server, now: clock.now)
            let delivery = network.receive(now: clock.now)
            let received = try #require(delivery).datagram
            let flipped = received.readableBytesView.reduce(0) { $0 + $1.nonzeroBitCount }
            #expect(received.readableBytes == 64)
            #expect(flipped <= 8)
        }
        #expect(network.statistics.corrupted == 200)
    }

    @Test("a rate limit spaces datagrams, and its queue has an end")
    func rateLimit() {
        var network = network(LinkProfile(bitsPerSecond: 8_000, maximumQueueDelay: .milliseconds(250)))
        let clock = VirtualClock()
        // With its 28 header bytes each takes 100 ms.
        for _ in 0..<10 {
            network.send(ByteBuffer(repeating: 1, count: 72), from: client, to: server, now: clock.now)
        }
        var arrivals: [Int64] = []
        while let next = network.nextDelivery {
            _ = network.receive(now: next)
            arrivals.append((next - clock.now).nanoseconds / 1_000_000)
        }
        #expect(arrivals == [100, 200, 300])
        #expect(network.statistics.droppedByQueue == 7)
    }

    @Test("after a rebinding the server sees a new address, and the old one leads nowhere")
    func rebinding() {
        var network = network(LinkProfile())
        let clock = VirtualClock()
        let before = network.attach(client: client)
        let after = network.rebind(client: client)
        #expect(before != after)
        network.send(ByteBuffer(string: "up"), from: client, to: server, now: clock.now)
        let up = network.receive(now: clock.now)
        #expect(up?.source == after)
        network.send(ByteBuffer(string: "old"), from: server, to: before, now: clock.now)
        let lost = network.receive(now: clock.now)
        #expect(lost?.datagram == nil)
        network.send(ByteBuffer(string: "new"), from: server, to: after, now: clock.now)
        let down = network.receive(now: clock.now)
        #expect(down?.destination == client)
        #expect(network.statistics.droppedByRebinding == 1)
    }

    @Test("nothing passes in a blackout, and everything after it")
    func blackout() {
        var network = network(LinkProfile(delay: .milliseconds(10)))
        let clock = VirtualClock()
        network.blackOut(from: clock.now + .milliseconds(5), for: .milliseconds(100))
        // The first would arrive in the dark, the second is sent in it.
        network.send(ByteBuffer(string: "a"), from: client, to: server, now: clock.now)
        network.send(ByteBuffer(string: "b"), from: client, to: server, now: clock.now + .milliseconds(50))
        network.send(ByteBuffer(string: "c"), from: client, to: server, now: clock.now + .milliseconds(105))
        let end = clock.now + .seconds(1)
        let survivors = [network.receive(now: end), network.receive(now: end)].map { $0?.datagram }
        #expect(survivors == [ByteBuffer(string: "c"), nil])
        #expect(network.statistics.droppedByBlackout == 2)
    }
}
