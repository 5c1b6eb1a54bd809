import GodwitWire
import NIOCore
import Testing

@Suite("Packet headers")
struct PacketHeaderTests {
    @Test("an Initial header survives the round trip", arguments: 1...20)
    func initial(seed: UInt64) throws {
        let random = RandomSource.seeded(seed)
        let destination = try #require(ConnectionID(random.bytes(Int(random.next() % 21))))
        let source = try #require(ConnectionID(random.bytes(Int(random.next() % 21))))
        let length = Int(random.next() % 1000)
        let header = InitialHeader(destination: destination, source: source, length: length)
        var buffer = ByteBuffer()
        header.encode(into: &buffer, numberLength: 2)
        #expect(buffer.readableBytes == InitialHeader.encodedLength(destination: destination, source: source))
        buffer.writeRepeatingByte(0, count: length)
        #expect(try PacketHeader.decode(from: &buffer, shortDestinationLength: 8) == .initial(header), "seed \(seed)")
        #expect(buffer.readableBytes == length)
    }

    @Test("a length beyond the datagram is refused")
    func lengthBeyond() {
        var buffer = ByteBuffer()
        InitialHeader(destination: .empty, source: .empty, length: 5).encode(into: &buffer, numberLength: 1)
        buffer.writeRepeatingByte(0, count: 4)
        #expect(throws: WireError.truncated) { try PacketHeader.decode(from: &buffer, shortDestinationLength: 8) }
    }

    @Test("a short header has the ID that this end has issued")
    func short() throws {
        let id = try #require(ConnectionID(1...8))
        var buffer = ByteBuffer(bytes: [0x01])
        id.write(into: &buffer)
        buffer.writeBytes([9, 9])
        #expect(try PacketHeader.decode(from: &buffer, shortDestinationLength: 8) == .short(destination: id))
        #expect(buffer.readableBytes == 2)
    }

    @Test("version negotiation survives the round trip")
    func versionNegotiation() throws {
        let id = try #require(ConnectionID([1, 2, 3]))
        let offer = VersionNegotiation(destination: .empty, source: id, versions: [1, 2, 200])
        var buffer = ByteBuffer()
        offer.encode(into: &buffer)
        #expect(try PacketHeader.decode(from: &buffer, shortDestinationLength: 0) == .versionNegotiation(offer))
    }

    @Test("other versions and reserved types are told apart from garbage")
    func unknown() {
        var version = ByteBuffer(bytes: [0x80, 0x02, 0, 0, 0])
        #expect(throws: WireError.unsupportedVersion(2)) {
            try PacketHeader.decode(from: &version, shortDestinationLength: 8)
        }
        var type = ByteBuffer(bytes: [0xc0, 0x01, 0, 0, 0])
        #expect(throws: WireError.unknownPacketType(4)) {
            try PacketHeader.decode(from: &type, shortDestinationLength: 8)
        }
        var id = ByteBuffer(bytes: [0x80, 0x01, 21] + [UInt8](repeating: 0, count: 40))
        #expect(throws: WireError.connectionIDTooLong(21)) {
            try PacketHeader.decode(from: &id, shortDestinationLength: 8)
        }
    }

    @Test("random bytes never trap", arguments: 1...20)
    func garbage(seed: UInt64) {
        let random = RandomSource.seeded(seed)
        for _ in 0..<500 {
            var bytes = ByteBuffer(bytes: random.bytes(Int(random.next() % 60)))
            if let first = bytes.getInteger(at: 0, as: UInt8.self) { bytes.setInteger(first | 0x80, at: 0) }
            if bytes.readableBytes > 2 { bytes.setInteger(UInt8(random.next() % 3), at: 1) }
            _ = try? PacketHeader.decode(from: &bytes, shortDestinationLength: Int(random.next() % 21))
        }
    }
}
