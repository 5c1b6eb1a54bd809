import CZlib
import GodwitWire
import NIOCore
import Testing

@testable import GodwitSession

@Suite("Compression")
struct CompressorTests {
    private let limit = 262_144

    @Test("bodies come back as they were, whatever they hold and however many went before")
    func roundTrip() throws {
        let compressor = Compressor()
        let random = RandomSource.seeded(4)
        let words = ["hello", "网络", "tomorrow", " ", "😂", "the ", "\u{0}", "0123"]
        for _ in 0..<500 {
            var body = ByteBuffer()
            for _ in 0..<(random.next() % 60) {
                if random.uniform() < 0.1 { body.writeBytes(random.bytes(7)) }
                body.writeString(words[Int(random.next() % UInt64(words.count))])
            }
            guard let small = compressor.compress(body, dictionary: 1) else { continue }
            #expect(small.readableBytes + 1 < body.readableBytes)
            #expect(try compressor.decompress(small, dictionary: 1, limit: limit) == body)
        }
    }

    @Test("random bytes and very short bodies are left alone")
    func incompressible() {
        let compressor = Compressor()
        #expect(compressor.compress(ByteBuffer(bytes: RandomSource.seeded(5).bytes(300)), dictionary: 1) == nil)
        #expect(compressor.compress(ByteBuffer(string: "hi"), dictionary: 1) == nil)
        #expect(compressor.compress(ByteBuffer(), dictionary: 1) == nil)
        #expect(compressor.compress(ByteBuffer(string: "Hello, how are you?"), dictionary: 0) == nil)
        #expect(compressor.compress(ByteBuffer(string: "Hello, how are you?"), dictionary: 9) == nil)
    }

    @Test("a body of exactly the limit fits, one byte more is refused")
    func exactLimit() throws {
        let compressor = Compressor()
        let small = try #require(compressor.compress(ByteBuffer(repeating: 0x61, count: 5_000), dictionary: 1))
        #expect(try compressor.decompress(small, dictionary: 1, limit: 5_000).readableBytes == 5_000)
        #expect(throws: CompressionError.outputTooLarge(limit: 4_999)) {
            try compressor.decompress(small, dictionary: 1, limit: 4_999)
        }
    }

    @Test("a bomb stops at the limit, and the next body is read as if nothing had happened")
    func bomb() throws {
        let compressor = Compressor()
        let bomb = try #require(compressor.compress(ByteBuffer(repeating: 0, count: 100 << 20), dictionary: 1))
        #expect(bomb.readableBytes < Envelope.maximumBytes)
        #expect(throws: CompressionError.outputTooLarge(limit: limit)) {
            try compressor.decompress(bomb, dictionary: 1, limit: limit)
        }
        let body = ByteBuffer(string: "Hello, how are you?")
        let small = try #require(compressor.compress(body, dictionary: 1))
        #expect(try compressor.decompress(small, dictionary: 1, limit: limit) == body)
    }

    @Test("cut, continued and damaged streams are refused, and none traps")
    func corrupt() throws {
        let compressor = Compressor()
        let body = ByteBuffer(string: "Did you get my last message? I will be there in about 25 minutes, 马上到.")
        let small = try #require(compressor.compress(body, dictionary: 1))
        for length in 0..<small.readableBytes {
            let cut = try #require(small.getSlice(at: small.readerIndex, length: length))
            #expect(throws: CompressionError.corrupt) {
                try compressor.decompress(cut, dictionary: 1, limit: limit)
            }
        }
        var longer = small
        longer.writeInteger(UInt8(0))
        #expect(throws: CompressionError.corrupt) { try compressor.decompress(longer, dictionary: 1, limit: limit) }
        #expect(throws: CompressionError.unknownDictionary(2)) {
            try compressor.decompress(small, dictionary: 2, limit: limit)
        }
        let random = RandomSource.seeded(6)
        for _ in 0..<2_000 {
            let bytes = random.bytes(Int(random.next() % 80))
            _ = try? compressor.decompress(ByteBuffer(bytes: bytes), dictionary: 1, limit: limit)
        }
    }

    @Test("dictionary 1 has not changed")
    func dictionary() throws {
        let bytes = try #require(CompressionDictionary.bytes(1))
        #expect(bytes.count == 6_529)
        #expect(crc32(0, bytes, UInt32(bytes.count)) == 0x8b3d_12b4)
    }
}
