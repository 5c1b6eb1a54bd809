import GodwitWire
import NIOCore
import Testing

@Suite("Varints")
struct VarintTests {
    @Test("the examples of RFC 9000 appendix A.1")
    func examples() throws {
        let examples: [([UInt8], UInt64)] = [
            ([0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c], 151_288_809_941_952_652),
            ([0x9d, 0x7f, 0x3e, 0x7d], 494_878_333), ([0x7b, 0xbd], 15_293), ([0x25], 37), ([0x40, 0x25], 37),
        ]
        for (bytes, value) in examples {
            var buffer = ByteBuffer(bytes: bytes)
            #expect(try buffer.readVarint() == value)
            #expect(buffer.readableBytes == 0)
        }
    }

    @Test("values around every length survive the round trip in the fewest bytes")
    func roundTrip() throws {
        let edges: [(UInt64, Int)] = [
            (0, 1), (63, 1), (64, 2), (16_383, 2), (16_384, 4), (1 << 30 - 1, 4), (1 << 30, 8), (Varint.maximum, 8),
        ]
        for (value, length) in edges {
            var buffer = ByteBuffer()
            buffer.writeVarint(value)
            #expect(buffer.readableBytes == length)
            #expect(Varint.length(of: value) == length)
            #expect(try buffer.readVarint() == value)
        }
    }

    @Test("a cut varint is an error and takes nothing")
    func truncated() {
        for bytes: [UInt8] in [[], [0x40], [0x80, 0, 0], [0xc0, 0, 0, 0, 0, 0, 0]] {
            var buffer = ByteBuffer(bytes: bytes)
            #expect(throws: WireError.truncated) { try buffer.readVarint() }
            #expect(buffer.readableBytes == bytes.count)
        }
    }

    @Test("a length over the limit is refused before it is used")
    func lengthLimit() {
        var buffer = ByteBuffer()
        buffer.writeVarint(Varint.maximum)
        #expect(throws: WireError.lengthOverLimit(length: Varint.maximum, limit: 10)) {
            try buffer.readVarintPrefixedSlice(limit: 10)
        }
    }
}
