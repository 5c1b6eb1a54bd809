import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

@Suite("Unreliable datagrams")
struct DatagramTests {
    private func connected(seed: UInt64 = 1, delay: TimeAmount = .milliseconds(20)) throws -> TransportPair {
        let pair = try TransportPair(seed: seed)
        pair.up.delay = delay
        pair.down.delay = delay
        pair.connect()
        return pair
    }

    @Test("a datagram arrives as it was sent, both ways, the empty one too")
    func bothWays() throws {
        let pair = try connected()
        let voice = testMessage(60, seed: 1)
        try pair.client.sendDatagram(voice, deadline: pair.now + .milliseconds(400), now: pair.now)
        try pair.client.sendDatagram(ByteBuffer(), deadline: pair.now + .milliseconds(400), now: pair.now)
        try #require(pair.server).sendDatagram(voice, deadline: pair.now + .milliseconds(400), now: pair.now)
        pair.run(for: .seconds(1))
        #expect(pair.serverDatagrams == [voice, ByteBuffer()])
        #expect(pair.clientDatagrams == [voice])
    }

    @Test("what is lost stays lost: it arrives at most once, and no probe asks for it", arguments: 1...10)
    func lossy(seed: UInt64) throws {
        let pair = try connected(seed: seed)
        pair.setLoss(0.3)
        let probesBefore = pair.client.statistics.probes
        for number in 0..<100 as Range<UInt64> {
            try pair.client.sendDatagram(
                testMessage(60, seed: number), deadline: pair.now + .milliseconds(400), now: pair.now)
            pair.run(for: .milliseconds(20))
        }
        pair.run(for: .seconds(2))
        let got = pair.serverDatagrams
        #expect(Set(got).count == got.count)
        #expect((40...95).contains(got.count), "seed \(seed): \(got.count) of 100")
        #expect(pair.client.statistics.probes == probesBefore, "seed \(seed)")
        #expect(pair.client.statistics.unreliableSent == 100)
    }

    @Test("a datagram that is late is not sent")
    func late() throws {
        let pair = try connected()
        let before = pair.client.statistics.datagramsSent
        try pair.client.sendDatagram(testMessage(60, seed: 1), deadline: pair.now - .milliseconds(1), now: pair.now)
        pair.run(for: .seconds(1))
        #expect(pair.serverDatagrams.isEmpty)
        #expect(pair.client.statistics.unreliableDropped == 1)
        #expect(pair.client.statistics.datagramsSent == before)
    }

    @Test("datagrams go ahead of a large message, and it still arrives")
    func besideBulk() throws {
        let pair = try connected()
        _ = try pair.sendFromClient(testMessage(200_000, seed: 9))
        let start = pair.now
        try pair.client.sendDatagram(testMessage(60, seed: 1), deadline: start + .milliseconds(400), now: start)
        pair.run(for: .seconds(2)) { !pair.serverDatagrams.isEmpty }
        #expect(pair.now - start < .milliseconds(40))
        pair.run(for: .seconds(10)) { pair.serverMessages.count == 1 }
        #expect(pair.serverMessages == [testMessage(200_000, seed: 9)])
    }

    @Test("a full queue drops its oldest")
    func bounded() {
        var queue = OutgoingDatagrams()
        let deadline = NIODeadline.now()
        for number in 0..<UInt64(OutgoingDatagrams.maximumCount + 3) {
            queue.enqueue(testMessage(8, seed: number), deadline: deadline)
        }
        #expect(queue.count == OutgoingDatagrams.maximumCount)
        #expect(queue.dropped == 3)
        var packet = ByteBuffer()
        #expect(!queue.writeFrame(into: &packet, space: 9))
        #expect(queue.writeFrame(into: &packet, space: 10))
        var expected = ByteBuffer()
        DatagramFrame(data: testMessage(8, seed: 3)).encode(into: &expected)
        #expect(packet == expected)
    }

    @Test("one that fits no packet is refused with the limit")
    func tooLarge() throws {
        let pair = try connected()
        let limit = pair.client.maximumDatagramPayload
        try pair.client.sendDatagram(testMessage(limit, seed: 1), deadline: .distantFuture, now: pair.now)
        #expect(throws: SendError.tooLarge(bytes: limit + 1, limit: limit)) {
            try pair.client.sendDatagram(testMessage(limit + 1, seed: 1), deadline: .distantFuture, now: pair.now)
        }
        pair.run(for: .seconds(1))
        #expect(pair.serverDatagrams.count == 1)
    }

    @Test("four frames of voice share an acknowledgement")
    func acknowledgements() throws {
        let pair = try connected()
        let before = try #require(pair.server).statistics.datagramsSent
        for number in 0..<100 as Range<UInt64> {
            try pair.client.sendDatagram(
                testMessage(60, seed: number), deadline: pair.now + .milliseconds(400), now: pair.now)
            pair.run(for: .milliseconds(20))
        }
        pair.run(for: .seconds(1))
        #expect(try #require(pair.server).statistics.datagramsSent - before <= 26)
        #expect(pair.client.statistics.bytesInFlight == 0)
    }
}
