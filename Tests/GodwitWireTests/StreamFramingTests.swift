import GodwitWire
import NIOCore
import Testing

@Suite("Stream framing")
struct StreamFramingTests {
    @Test("envelopes come out whole however the stream is cut")
    func splits() throws {
        for seed in 1..<40 as Range<UInt64> {
            let random = RandomSource.seeded(seed)
            let envelopes = (0..<20).map { _ in
                ByteBuffer(bytes: random.bytes(1 + Int(random.next() % (random.uniform() < 0.2 ? 20_000 : 90))))
            }
            var stream = ByteBuffer()
            for envelope in envelopes { StreamFraming.encode(envelope, into: &stream) }
            var decoder = StreamFrameDecoder()
            var received: [ByteBuffer] = []
            while stream.readableBytes > 0 {
                let length = min(stream.readableBytes, 1 + Int(random.next() % (random.uniform() < 0.5 ? 3 : 5_000)))
                let piece = stream.readSlice(length: length)
                decoder.receive(try #require(piece))
                while let envelope = try decoder.next() { received.append(envelope) }
            }
            #expect(received == envelopes, "seed \(seed)")
            #expect(decoder.bufferedBytes == 0)
        }
    }

    @Test("a stream cut after every byte gives the same envelopes")
    func everyByte() throws {
        var stream = ByteBuffer()
        for size in [1, 63, 64, 300] { StreamFraming.encode(ByteBuffer(repeating: 7, count: size), into: &stream) }
        var decoder = StreamFrameDecoder()
        var sizes: [Int] = []
        while let byte = stream.readSlice(length: 1) {
            decoder.receive(byte)
            while let envelope = try decoder.next() { sizes.append(envelope.readableBytes) }
        }
        #expect(sizes == [1, 63, 64, 300])
    }

    @Test("a length over the limit is refused as soon as it is read, before its bytes are awaited")
    func oversize() throws {
        var decoder = StreamFrameDecoder()
        decoder.receive(ByteBuffer(bytes: [0x80, 0x04, 0x00]))
        #expect(try decoder.next() == nil)
        decoder.receive(ByteBuffer(bytes: [0x01]))
        #expect(throws: EnvelopeError.tooLarge(bytes: 262_145, limit: 262_144)) { try decoder.next() }
        var huge = StreamFrameDecoder()
        huge.receive(ByteBuffer(repeating: 0xff, count: 8))
        #expect(throws: EnvelopeError.tooLarge(bytes: Int(SequenceNumber.maximum), limit: 262_144)) { try huge.next() }
    }

    @Test("an empty frame is refused")
    func empty() {
        var decoder = StreamFrameDecoder()
        decoder.receive(ByteBuffer(bytes: [0x00]))
        #expect(throws: EnvelopeError.invalid(field: "frame length", value: 0)) { try decoder.next() }
    }
}
