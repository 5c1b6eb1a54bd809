import Foundation
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

    @Test("the processor's checksum is that of the tables", arguments: [0, 1, 7, 8, 255, 767, 768, 769, 1_536, 5_003])
    func crcInstruction(length: Int) {
        var random = SeededGenerator(seed: UInt64(length))
        let bytes = (0..<length).map { _ in UInt8.random(in: 0...255, using: &random) }
        let tabled = bytes.withUnsafeBytes { CRC32C.tabled($0, seed: 0x1234_5678) }
        #expect(Self.checksum(bytes, seed: 0x1234_5678) == tabled)
    }

    private static func checksum(_ bytes: [UInt8], seed: UInt32 = 0) -> UInt32 {
        CRC32C.checksum(bytes, seed: seed)
    }

    @Test("records, file headers and hints have the bytes of docs/bitcask-format.md")
    func vectors() throws {
        let page = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(components: "..", "..", "docs", "bitcask-format.md")
        let lines = try String(contentsOf: page, encoding: .utf8).split(separator: "\n")
            .filter { $0.hasPrefix("    ") && $0.dropFirst(4).allSatisfy(\.isHexDigit) }.map { String($0.dropFirst(4)) }
        let value = [UInt8](repeating: 0x76, count: 200)
        let first = RecordHeader(sequence: 5, flags: .begins, keyLength: 2, valueLength: 3)
        let deletion = RecordHeader(
            sequence: 6, flags: [.commits, .tombstone], keyLength: 5, valueLength: 0, undurable: 25)
        let range = RecordHeader(
            sequence: 6, flags: [.commits, .tombstone, .prefix], keyLength: 5, valueLength: 0, undurable: 25)
        let last = RecordHeader(
            sequence: 7, flags: [], keyLength: 0, valueLength: 200, undurable: 236, expiry: 1_700_000_000_000)
        let header = FileHeader(kind: .merged, salt: 0x0102_0304, storeID: Array(0..<16), fileID: 9, floor: 1 << 40)
        var hint = HintFile.Builder()
        Array("k1".utf8).withUnsafeBytes { hint.add(first, at: 64, key: $0) }
        hint.add(last, at: 300, key: UnsafeRawBufferPointer(start: nil, count: 0))
        let made = [
            Self.record(first, Array("k1".utf8), [1, 2, 3], at: 64),
            Self.record(deletion, Array("user/".utf8), [], at: 89),
            Self.record(range, Array("user/".utf8), [], at: 89),
            Array(Self.record(last, [], value, at: 300).prefix(28)),
            header.encoded(), hint.finish(for: header, dataLength: 600),
        ]
        #expect(made.map { $0.map(Self.hex).joined() } == lines)
    }

    private static func record(_ header: RecordHeader, _ key: [UInt8], _ value: [UInt8], at offset: UInt32) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: header.recordLength)
        let length = key.withUnsafeBytes { key in
            value.withUnsafeBytes { value in
                bytes.withUnsafeMutableBytes { target in
                    target.baseAddress.map {
                        header.write(key: key, value: value, salt: 0x0102_0304, offset: offset, to: $0)
                    }
                }
            }
        }
        #expect(length == header.recordLength)
        bytes.withUnsafeBytes { bytes in
            #expect(RecordHeader(unverified: bytes) == header)
            #expect(header.isHeaderSound(bytes, salt: 0x0102_0304, offset: offset) && header.isValueSound(bytes))
        }
        return bytes
    }

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
        #expect(try FileHeader(decoding: bytes) == header)
        for bit in 0..<bytes.count * 8 {
            var flipped = bytes
            flipped[bit / 8] ^= 1 << UInt8(bit % 8)
            #expect(throws: FileHeader.Refusal.self) { try FileHeader(decoding: flipped) }
        }
    }

    @Test("a location keeps slot, offset and the rounded length, exact below 4,096")
    func locations() {
        for length in [20, 2_047, 2_048, 2_049, 4_095, 4_096, 4_097, 8_191, 65_537, (16 << 20) + 65_600] {
            let location = Location(slot: 65_535, offset: .max, recordLength: length, expires: true)
            #expect(location.slot == 65_535 && location.offset == .max && location.expires)
            #expect(location.lengthBound >= length && location.lengthBound <= length + length / 2_048)
            if length < 4_096 { #expect(location.lengthBound == length) }
        }
    }

    @Test("long inputs, which go in braids, have the checksum of their pieces")
    func braids() {
        var random = SeededGenerator(seed: 5)
        let bytes = (0..<2_000).map { _ in UInt8.random(in: 0...255, using: &random) }
        var bitwise: UInt32 = .max
        for (index, byte) in bytes.enumerated() {
            bitwise ^= UInt32(byte)
            for _ in 0..<8 { bitwise = bitwise & 1 == 1 ? (bitwise >> 1) ^ 0x82f6_3b78 : bitwise >> 1 }
            if index % 7 == 0 || index > 1_960 { #expect(Self.checksum(Array(bytes[...index])) == ~bitwise) }
        }
    }
}
