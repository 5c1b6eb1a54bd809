import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

@Suite("Unreliable datagrams")
struct DatagramTests {
    private func connected(
        seed: UInt64 = 1, delay: TimeAmount = .milliseconds(20), redundancy: Double? = nil
    ) throws -> TransportPair {
        var configuration = TransportConfiguration.client
        if let redundancy { configuration.redundancyShare = redundancy }
        let pair = try TransportPair(seed: seed, clientConfiguration: configuration)
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

    /// 50 datagrams a second from the client.
    private func talk(_ pair: TransportPair, _ numbers: Range<UInt64>) throws {
        for number in numbers {
            try pair.client.sendDatagram(
                testMessage(60, seed: number), deadline: pair.now + .milliseconds(400), now: pair.now)
            pair.run(for: .milliseconds(20))
        }
    }

    @Test(
        "on a lossy path copies bring most of what was lost, each datagram once",
        arguments: 1...10 as ClosedRange<UInt64>)
    func copies(seed: UInt64) throws {
        let pair = try connected(seed: seed)
        pair.setLoss(0.2)
        // Until the losses are known.
        try talk(pair, 0..<100)
        let before = Set(pair.serverDatagrams)
        try talk(pair, 100..<400)
        pair.run(for: .seconds(2))
        let got = pair.serverDatagrams
        #expect(Set(got).count == got.count, "seed \(seed): one came twice")
        #expect(Set(got).subtracting(before).count >= 285, "seed \(seed): \(got.count) of 400")
        let figures = pair.client.statistics
        #expect(figures.copiesSent > 300 && figures.copiesSent <= 800)
        // They ride in the packets of later datagrams.
        #expect(figures.datagramsSent < 500, "seed \(seed): \(figures.datagramsSent)")
        #expect(try #require(pair.server).statistics.unreliableSavedByCopies > 30)
    }

    @Test(
        "packets that overtake each other, and come twice, deliver each datagram once",
        arguments: 1...10 as ClosedRange<UInt64>)
    func disorder(seed: UInt64) throws {
        let pair = try connected(seed: seed)
        pair.setLoss(0.2)
        pair.up.jitter = .milliseconds(80)
        pair.up.duplication = 0.2
        try talk(pair, 0..<400)
        pair.run(for: .seconds(2))
        let got = pair.serverDatagrams
        #expect(Set(got).count == got.count, "seed \(seed)")
        #expect(got.count > 360, "seed \(seed): \(got.count) of 400")
    }

    @Test("a path without loss gets no copies")
    func noLoss() throws {
        let pair = try connected()
        try talk(pair, 0..<200)
        pair.run(for: .seconds(1))
        #expect(pair.serverDatagrams.count == 200)
        #expect(pair.client.statistics.copiesSent == 0)
    }

    @Test("a copy of something before packet 0 ends the connection, and forgetting is bounded")
    func hostileCopies() throws {
        var incoming = IncomingDatagrams()
        func isNew(distance: UInt64) throws -> Bool {
            let copy = try #require(DatagramCopyFrame(distance: distance, index: 0, data: ByteBuffer()))
            return try incoming.isNew(copy) { _ in false }
        }
        func isNew(originalIn packet: UInt64) -> Bool {
            incoming.begin(packet: packet)
            return incoming.isNew()
        }
        incoming.begin(packet: 3)
        #expect(throws: ProtocolError.datagramCopyOfNothing(distance: 4, packet: 3)) { try isNew(distance: 4) }
        // More than are remembered: the oldest packets' datagrams are given up rather than delivered twice.
        let count = UInt64(IncomingDatagrams.maximumRemembered)
        for number in 1...(count + 1) {
            incoming.begin(packet: 2 * number)
            #expect(try isNew(distance: 1))
            #expect(try !isNew(distance: 1))
        }
        #expect(!isNew(originalIn: 1))
        #expect(!isNew(originalIn: 3), "a copy of it was delivered")
        #expect(isNew(originalIn: 4))
    }

    @Test(
        "without a budget what is lost stays lost, and no probe asks for it", arguments: 1...10 as ClosedRange<UInt64>)
    func lossy(seed: UInt64) throws {
        let pair = try connected(seed: seed, redundancy: 0)
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
        func write(space: Int) -> Int? {
            queue.writeFrame(into: &packet, space: space, number: 1, copies: 0, gap: .nanoseconds(0), now: deadline)
        }
        #expect(write(space: 9) == nil)
        #expect(write(space: 10) == 8)
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
