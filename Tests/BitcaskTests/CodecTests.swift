import Testing

@testable import Bitcask

@Suite struct CodecTests {
    @Test("the checksum is CRC-32C, whole or in pieces")
    func crc() {
        // Check value of the CRC catalogue; RFC 3720 B.4 for 32 zeros.
        let digits = Array("123456789".utf8)
        #expect(Self.checksum(digits) == 0xe306_9283)
        #expect(Self.checksum([UInt8](repeating: 0, count: 32)) == 0x8a91_36aa)
        for cut in 0...9 {
            let head = Self.checksum(Array(digits[..<cut]))
            #expect(Self.checksum(Array(digits[cut...]), seed: head) == 0xe306_9283)
        }
    }

    private static func checksum(_ bytes: [UInt8], seed: UInt32 = 0) -> UInt32 {
        CRC32C.checksum(bytes.span.bytes, seed: seed)
    }

    @Test("a record's bytes are those of docs/bitcask-format.md")
    func recordVector() {
        let header = RecordHeader(sequence: 5, durable: 64, valueLength: 3, keyLength: 2, flags: .continues)
        var bytes: [UInt8] = []
        header.append(key: [0x6b, 0x31], value: [1, 2, 3], salt: 0x0102_0304, offset: 64, to: &bytes)
        #expect(bytes.map { Self.hex($0) }.joined() == Self.vector)
        let decoded = RecordHeader(unverified: bytes.span.bytes)
        #expect(decoded == header)
    }

    private static let vector = "9051ab76ce4907e205000000000000004000000003000000020002006b31010203"

    private static func hex(_ byte: UInt8) -> String {
        let digits = String(byte, radix: 16)
        return digits.count == 1 ? "0" + digits : digits
    }

    @Test("a file header decodes to what was encoded, and any flipped bit is refused")
    func fileHeader() throws {
        let header = FileHeader(
            kind: .merged, salt: 0xdead_beef, storeID: Array(0..<16), fileID: 9, floor: 1 << 40)
        let bytes = header.encoded()
        #expect(bytes.count == FileHeader.length)
        #expect(try FileHeader(decoding: bytes[...]) == header)
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: FileHeader.Refusal.self) { try FileHeader(decoding: flipped[...]) }
        }
    }

    @Test("the keydir keeps order through splits and removals")
    func keydir() {
        var random = SeededGenerator(seed: 42)
        var keydir = Keydir()
        var model: Set<[UInt8]> = []
        for step in 0..<6_000 {
            let number = UInt16.random(in: 0..<3_000, using: &random)
            let key = [UInt8(number >> 8), UInt8(number & 0xff)]
            if step % 4 == 3 {
                #expect((keydir.remove(key) != nil) == (model.remove(key) != nil))
            } else {
                keydir.set(key, Location(sequence: UInt64(step), fileID: 1, offset: 0, valueLength: 0))
                model.insert(key)
            }
        }
        let sorted = model.sorted { $0.lexicographicallyPrecedes($1) }
        #expect(keydir.count == model.count)
        #expect(keydir.scan(prefix: [], after: nil, limit: .max, descending: false).map(\.key) == sorted)
        #expect(keydir.scan(prefix: [], after: nil, limit: .max, descending: true).map(\.key) == sorted.reversed())
    }
}
