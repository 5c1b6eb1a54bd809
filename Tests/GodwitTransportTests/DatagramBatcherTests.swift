import GodwitWire
import NIOCore
import Testing

@testable import GodwitTransport

@Suite("Datagrams in batches")
struct DatagramBatcherTests {
    private struct Datagram: Equatable {
        var bytes: ByteBuffer
        var destination: SocketAddress
        var mark: ECNCodepoint
        var mayJoin: Bool
    }

    private func destination(_ number: Int) throws -> (address: SocketAddress, remote: Address) {
        let port = 7_000 + number
        return (try SocketAddress(ipAddress: "192.0.2.1", port: port), Address(ipv4: 0xc000_0201, port: UInt16(port)))
    }

    private func batches(_ datagrams: [Datagram], with batcher: inout DatagramBatcher) throws -> [DatagramBatch] {
        var batches: [DatagramBatch] = []
        for datagram in datagrams {
            let port = try #require(datagram.destination.port)
            let ready = batcher.add(
                datagram.bytes, to: datagram.destination, remote: Address(ipv4: 0xc000_0201, port: UInt16(port)),
                mark: datagram.mark, mayJoin: datagram.mayJoin)
            if let ready { batches.append(ready) }
        }
        if let ready = batcher.end() { batches.append(ready) }
        return batches
    }

    @Test("what goes in comes out, in order, whatever its size, destination and mark", arguments: 1...40)
    func order(seed: UInt64) throws {
        let random = RandomSource.seeded(seed)
        func pick(_ range: ClosedRange<Int>) -> Int {
            range.lowerBound + Int(random.next() % UInt64(range.count))
        }
        var batcher = DatagramBatcher()
        for turn in 0..<8 {
            var datagrams: [Datagram] = []
            while datagrams.count < 200 {
                let size = [0, 1, 40, 1_200, 1_200, 1_452, 9_000, pick(1...1_500)][pick(0...7)]
                let destination = try destination(pick(0...2)).address
                let mark: ECNCodepoint = pick(0...3) == 0 ? .capable0 : .notCapable
                for _ in 0..<pick(1...80) {
                    datagrams.append(
                        Datagram(
                            bytes: testMessage(size, seed: UInt64(datagrams.count)), destination: destination,
                            mark: mark,
                            mayJoin: pick(0...19) != 0))
                }
            }
            let batches = try batches(datagrams, with: &batcher)
            var sent: [Datagram] = []
            for batch in batches {
                let parts = Array(batch.datagrams)
                #expect(parts.count == batch.count, "seed \(seed), turn \(turn)")
                #expect((1...DatagramBatcher.datagramsMax).contains(batch.count), "seed \(seed)")
                #expect(batch.count == 1 || batch.data.readableBytes <= DatagramBatcher.bytesMax, "seed \(seed)")
                #expect(parts.allSatisfy { $0.readableBytes <= batch.segmentBytes }, "seed \(seed)")
                #expect((batch.metadata?.segmentSize != nil) == (batch.count > 1), "seed \(seed)")
                for part in parts {
                    let mayJoin = datagrams[sent.count].mayJoin
                    if !mayJoin { #expect(batch.count == 1, "seed \(seed)") }
                    sent.append(
                        Datagram(bytes: part, destination: batch.destination, mark: batch.mark, mayJoin: mayJoin))
                }
            }
            #expect(sent == datagrams, "seed \(seed), turn \(turn)")
            #expect(batches.count < datagrams.count, "seed \(seed)")
        }
    }

    @Test("as many as the kernel takes leave together")
    func limits() throws {
        var batcher = DatagramBatcher()
        func counts(_ size: Int, _ count: Int) throws -> [Int] {
            let datagram = Datagram(
                bytes: ByteBuffer(repeating: 1, count: size), destination: try destination(0).address,
                mark: .capable0, mayJoin: true)
            return try batches(.init(repeating: datagram, count: count), with: &batcher).map(\.count)
        }
        #expect(try counts(100, 150) == [64, 64, 22])
        #expect(try counts(1_200, 60) == [54, 6])
        #expect(try counts(40_000, 2) == [1, 1])
    }

    @Test("a shorter datagram ends a batch, a longer one begins another")
    func lengths() throws {
        var batcher = DatagramBatcher()
        let datagrams = try [1_200, 1_200, 900, 900, 1_200].map {
            Datagram(
                bytes: ByteBuffer(repeating: 1, count: $0), destination: try destination(0).address, mark: .notCapable,
                mayJoin: true)
        }
        #expect(try batches(datagrams, with: &batcher).map(\.count) == [3, 1, 1])
    }

    @Test("a datagram alone is written as it is, without a copy")
    func alone() throws {
        var batcher = DatagramBatcher()
        let (address, remote) = try destination(0)
        let datagram = testMessage(1_200, seed: 1)
        let before = batcher.add(datagram, to: address, remote: remote, mark: .notCapable, mayJoin: true)
        let ended = batcher.end()
        let rest = batcher.end()
        #expect(before?.count == nil && rest?.count == nil)
        let batch = try #require(ended)
        #expect(batch.metadata == nil)
        let places = [batch.data, datagram].map { buffer in buffer.withUnsafeReadableBytes { $0.baseAddress } }
        #expect(places[0] == places[1])
    }

    @Test(
        "a joined buffer is parted at its segments; a length that says nothing leaves it whole",
        arguments: [
            (3_000, 1_200, [1_200, 1_200, 600]), (2_400, 1_200, [1_200, 1_200]), (100, 1_200, [100]), (100, 0, [100]),
            (100, -1, [100]), (100, .max, [100]), (100, .min, [100]), (0, 1_200, [0]), (0, 0, [0]), (3, 1, [1, 1, 1]),
        ])
    func segments(bytes: Int, segmentBytes: Int, expected: [Int]) {
        let joined = testMessage(bytes, seed: 3)
        let parts = Array(DatagramSegments(joined, segmentBytes: segmentBytes))
        #expect(parts.map(\.readableBytes) == expected)
        var whole = ByteBuffer()
        for part in parts { whole.writeImmutableBuffer(part) }
        #expect(whole == joined)
        #expect(Array(DatagramSegments(joined, segmentBytes: nil)) == [joined])
    }
}
