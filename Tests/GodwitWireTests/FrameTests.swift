import GodwitWire
import NIOCore
import Testing

@Suite("Frames")
struct FrameTests {
    @Test("a payload of random frames survives the round trip", arguments: 1...50)
    func roundTrip(seed: UInt64) throws {
        let source = RandomFrames(random: .seeded(seed))
        var frames: [Frame] = []
        while frames.count < 30 {
            let frame = source.next()
            // Zeros in a row are read as one padding.
            if case .padding = frame, case .padding = frames.last { continue }
            frames.append(frame)
        }
        var buffer = ByteBuffer()
        for frame in frames { frame.encode(into: &buffer) }
        #expect(try Frame.decodeAll(from: &buffer) == frames, "seed \(seed)")
    }

    @Test("a message without a length field reaches to the packet's end")
    func messageToTheEnd() throws {
        var buffer = ByteBuffer()
        let data = ByteBuffer(bytes: [1, 2, 3])
        MessageFrame.encode(
            message: 5, offset: 0, isLast: true, data: data.readableBytesView, withLength: false, into: &buffer)
        #expect(buffer.readableBytes == 5)
        let frames = try Frame.decodeAll(from: &buffer)
        #expect(frames == [.message(MessageFrame(message: 5, offset: 0, isLast: true, data: data))])
    }

    @Test("cutting a payload anywhere gives an error or fewer frames, never a trap", arguments: 1...20)
    func truncation(seed: UInt64) {
        let source = RandomFrames(random: .seeded(seed))
        var buffer = ByteBuffer()
        for _ in 0..<5 { source.next().encode(into: &buffer) }
        for length in 0..<buffer.readableBytes {
            var cut = buffer.getSlice(at: 0, length: length) ?? ByteBuffer()
            _ = try? Frame.decodeAll(from: &cut)
        }
    }

    @Test("random bytes never trap a decoder, and what is read is written back readable", arguments: 1...50)
    func garbage(seed: UInt64) throws {
        let random = RandomSource.seeded(seed)
        for _ in 0..<200 {
            var bytes = ByteBuffer(bytes: random.bytes(Int(random.next() % 64)))
            guard let frames = try? Frame.decodeAll(from: &bytes) else { continue }
            var again = ByteBuffer()
            for frame in frames { frame.encode(into: &again) }
            #expect(try Frame.decodeAll(from: &again) == frames, "seed \(seed)")
        }
    }

    @Test("an unknown frame is an error with its type; an unknown extension is skipped")
    func unknownTypes() throws {
        var unknown = ByteBuffer(bytes: [0x0f])
        #expect(throws: WireError.unknownFrameType(0x0f)) { try Frame.decode(from: &unknown) }
        var longType = ByteBuffer(bytes: [0x40, 0x99])
        #expect(throws: WireError.unknownFrameType(0x99)) { try Frame.decode(from: &longType) }
        var skipped = ByteBuffer(bytes: [0x3a, 0x02, 0xff, 0xff, 0x01])
        let frames = try Frame.decodeAll(from: &skipped)
        #expect(frames.count == 2)
        #expect(frames.last == .ping)
    }

    @Test("acknowledgements below packet 0 or with too many ranges are refused")
    func badAcks() {
        var below = ByteBuffer(bytes: [0x02, 0x05, 0x00, 0x00, 0x06])
        #expect(throws: WireError.invalidAckRange) { try Frame.decode(from: &below) }
        var belowLater = ByteBuffer(bytes: [0x02, 0x05, 0x00, 0x01, 0x02, 0x02, 0x00])
        #expect(throws: WireError.invalidAckRange) { try Frame.decode(from: &belowLater) }
        var many = ByteBuffer(bytes: [0x02, 0x3f, 0x00, 0x40, 0x40, 0x00])
        #expect(throws: WireError.lengthOverLimit(length: 64, limit: 63)) { try Frame.decode(from: &many) }
    }

    @Test("a message that would end beyond all numbers is refused")
    func endlessMessage() {
        var buffer = ByteBuffer(bytes: [0x24, 0x00])
        buffer.writeVarint(Varint.maximum)
        buffer.writeInteger(UInt8(1))
        #expect(throws: WireError.valueOutOfRange(Varint.maximum)) { try Frame.decode(from: &buffer) }
    }

    @Test("a close reason is cut at 256 bytes between characters")
    func longReason() throws {
        let frame = CloseFrame(byApplication: true, code: 1, reason: String(repeating: "ö", count: 200))
        #expect(frame.reason.utf8.count == 256)
        var buffer = ByteBuffer()
        frame.encode(into: &buffer)
        #expect(try Frame.decodeAll(from: &buffer) == [.close(frame)])
    }
}
