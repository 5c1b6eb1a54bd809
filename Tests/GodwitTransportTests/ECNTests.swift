import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

@Suite("Explicit congestion notification")
struct ECNTests {
    private func sendBulk(_ count: Int, on pair: TransportPair) throws {
        for index in 0..<count {
            let before = pair.clientMessages.count
            _ = try pair.sendFromServer(testMessage(200_000, seed: UInt64(index)))
            #expect(pair.run(for: .minutes(2)) { pair.clientMessages.count > before })
        }
    }

    @Test("bulk is marked once ten marks have come through, also with loss and reordering", arguments: 1...6)
    func capable(seed: UInt64) throws {
        let pair = try TransportPair(seed: seed)
        pair.connect()
        if seed > 2 { pair.setLoss(0.1) }
        if seed > 4 { pair.down.jitter = .milliseconds(30) }
        var marked = 0
        var datagrams = 0
        pair.onServerDatagram = { _, _ in
            datagrams += 1
            if pair.server?.transmitMark == .capable0 { marked += 1 }
        }
        try sendBulk(3, on: pair)
        #expect(pair.server?.statistics.usesECN == true, "seed \(seed)")
        #expect(pair.server?.statistics.congestionMarks == 0)
        #expect(marked > datagrams / 2)
    }

    @Test("a chat is never marked, and its acknowledgements have no counts")
    func thin() throws {
        let pair = try TransportPair()
        pair.connect()
        var marked = 0
        pair.onServerDatagram = { _, _ in if pair.server?.transmitMark != .notCapable { marked += 1 } }
        for index in 0..<50 {
            _ = try pair.sendFromServer(testMessage(200, seed: UInt64(index)))
            pair.run(for: .milliseconds(250))
        }
        #expect(marked == 0)
    }

    @Test("a path that removes marks, or drops what has them, is not marked for long", arguments: [false, true])
    func broken(drops: Bool) throws {
        let pair = try TransportPair()
        pair.connect()
        pair.down.marks = drops ? .dropped : .removed
        var marked = 0
        pair.onServerDatagram = { _, _ in if pair.server?.transmitMark != .notCapable { marked += 1 } }
        try sendBulk(3, on: pair)
        #expect(pair.server?.statistics.usesECN == false)
        #expect(marked <= 40)
    }

    @Test("a router's marks slow a sender as losses would, without any", arguments: CongestionAlgorithm.allCases)
    func congestion(algorithm: CongestionAlgorithm) throws {
        func windowAfterBulk(marking: Double) throws -> Int {
            var configuration = TransportConfiguration.server
            configuration.congestion = algorithm
            let pair = try TransportPair(serverConfiguration: configuration)
            pair.connect()
            pair.down.marks = .congested(share: marking)
            try sendBulk(4, on: pair)
            let figures = try #require(pair.server?.statistics)
            #expect((figures.congestionMarks > 0) == (marking > 0))
            #expect(figures.packetsLost == 0)
            return figures.congestionWindowBytes
        }
        let free = try windowAfterBulk(marking: 0)
        let marked = try windowAfterBulk(marking: 0.05)
        #expect(marked < free * 3 / 4)
    }

    @Test(
        "the next path is tested anew, and the counts of the one before are no mistake of its",
        arguments: [true, false])
    func anotherPath(isBulkFromServer: Bool) throws {
        let pair = try TransportPair()
        pair.connect()
        var marked = 0
        var datagrams = 0
        func count(_ mark: ECNCodepoint?) {
            datagrams += 1
            if mark == .capable0 { marked += 1 }
        }
        pair.onServerDatagram = { _, _ in if isBulkFromServer { count(pair.server?.transmitMark) } }
        pair.onClientDatagram = { _ in if !isBulkFromServer { count(pair.client.transmitMark) } }
        for path in 1...3 {
            (marked, datagrams) = (0, 0)
            if isBulkFromServer {
                try sendBulk(3, on: pair)
            } else {
                try sendBulkFromClient(3, on: pair)
            }
            #expect(marked > datagrams / 2, "path \(path)")
            let figures = try #require(isBulkFromServer ? pair.server?.statistics : pair.client.statistics)
            #expect(figures.usesECN)
            #expect(figures.ecnPathsCapable == UInt64(path) && figures.ecnPathsFailed == 0)
            #expect(figures.congestionMarks == 0)
            pair.clientAddress = Address(ipv4: 0xc000_0220 + UInt32(path), port: 5_000)
            pair.client.rebind(now: pair.now)
            pair.run(for: .seconds(2))
        }
    }

    private func sendBulkFromClient(_ count: Int, on pair: TransportPair) throws {
        for index in 0..<count {
            let before = pair.serverMessages.count
            _ = try pair.client.send(testMessage(200_000, seed: UInt64(index)), now: pair.now)
            #expect(pair.run(for: .minutes(2)) { pair.serverMessages.count > before })
        }
    }

    @Test("a path that begins to remove marks is marked no longer, until the next path")
    func removedLater() throws {
        let pair = try TransportPair()
        pair.connect()
        try sendBulk(2, on: pair)
        #expect(pair.server?.statistics.usesECN == true)
        pair.down.marks = .removed
        try sendBulk(2, on: pair)
        #expect(pair.server?.statistics.usesECN == false)
        #expect(pair.server?.statistics.ecnPathsFailed == 1)
        pair.down.marks = .kept
        pair.clientAddress = Address(ipv4: 0xc000_0221, port: 5_000)
        pair.client.rebind(now: pair.now)
        pair.run(for: .seconds(2))
        try sendBulk(2, on: pair)
        #expect(pair.server?.statistics.usesECN == true)
        #expect(pair.server?.statistics.ecnPathsCapable == 2)
    }

    @Test("a path that begins to drop what is marked gets ten more marks, and bulk goes on without")
    func droppedLater() throws {
        let pair = try TransportPair()
        pair.connect()
        try sendBulk(2, on: pair)
        #expect(pair.server?.statistics.usesECN == true)
        pair.down.marks = .dropped
        try sendBulk(2, on: pair)
        #expect(pair.server?.statistics.usesECN == false)
        var marked = 0
        pair.onServerDatagram = { _, _ in if pair.server?.transmitMark != .notCapable { marked += 1 } }
        try sendBulk(2, on: pair)
        #expect(marked == 0)
    }

    @Test("an acknowledgement of the path before proves nothing of this one")
    func lateAcknowledgement() {
        var ecn = tested()
        #expect(ecn.isCapable)
        ecn.pathChanged()
        #expect(!ecn.isCapable && ecn.wantsMark)
        ecn.sentMarked(20)
        _ = ecn.acknowledged(marked: 1, largest: 9, ECNCounts(capable0: 6))
        #expect(!ecn.isCapable && !ecn.isFailed)
        _ = ecn.acknowledged(marked: 1, largest: 20, ECNCounts(capable0: 7))
        #expect(ecn.isCapable)
    }

    @Test(
        "counts that cannot be are a broken path: too many, ECT(1), too few",
        arguments: [
            ECNCounts(capable0: 11), ECNCounts(capable0: 6, capable1: 1), ECNCounts(capable0: 5),
            ECNCounts(capable0: .max, congestionExperienced: 1),
        ])
    func invented(counts: ECNCounts) {
        var ecn = tested()
        let isCongested = ecn.acknowledged(marked: 1, largest: 6, counts)
        #expect(!isCongested)
        #expect(ecn.isFailed && !ecn.wantsMark)
    }

    @Test("a new CE is congestion, and one that is taken back a broken path")
    func fewerThanBefore() {
        var ecn = tested()
        let first = ecn.acknowledged(marked: 1, largest: 6, ECNCounts(capable0: 5, congestionExperienced: 1))
        #expect(first && ecn.isCapable)
        let second = ecn.acknowledged(marked: 1, largest: 6, ECNCounts(capable0: 7))
        #expect(!second && ecn.isFailed)
    }

    /// Ten marked packets sent, five counted.
    private func tested() -> ECNValidation {
        var ecn = ECNValidation()
        for number in 0..<10 { ecn.sentMarked(UInt64(number)) }
        _ = ecn.acknowledged(marked: 5, largest: 4, ECNCounts(capable0: 5))
        return ecn
    }
}
