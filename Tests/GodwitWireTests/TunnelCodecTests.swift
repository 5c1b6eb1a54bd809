import Foundation
import GodwitWire
import NIOCore
import Testing

@Suite("Tunnel codecs")
struct TunnelCodecTests {
    private static let seed = UInt64.random(in: 0...UInt64.max)

    @Test("openings and frames read back as they were written")
    func roundTrip() throws {
        let random = RandomSource.seeded(Self.seed)
        for _ in 0..<2_000 {
            let tunnel = random.next() >> (2 + random.next() % 62)
            let open = TunnelOpen(
                tunnel: tunnel, token: random.bytes(Int(random.next() % 257)),
                target: String(repeating: "é", count: 1 + Int(random.next() % 130)))
            var buffer = ByteBuffer()
            open.encode(into: &buffer)
            #expect(try TunnelOpen(decoding: buffer) == open, "seed \(Self.seed)")

            let content: TunnelFrame.Content =
                switch random.next() % 4 {
                case 0: .data(ByteBuffer(bytes: random.bytes(1 + Int(random.next() % 64))))
                case 1: .finish
                case 2: .reset(TunnelReset(rawValue: random.next() >> (2 + random.next() % 62)))
                default: .credit(limit: random.next() >> (2 + random.next() % 62))
                }
            let frame = TunnelFrame(tunnel: tunnel, content)
            buffer.clear()
            frame.encode(into: &buffer)
            #expect(try TunnelFrame(decoding: buffer) == frame, "seed \(Self.seed)")
        }
    }

    @Test("the vectors are written and read as docs/vectors/tunnel.json says")
    func vectors() throws {
        struct Vector: Decodable {
            let name: String
            let hex: String
        }
        struct Vectors: Decodable {
            let open: Vector
            let frames: [Vector]
            let refused: [Vector]
        }
        func bytes(_ vector: Vector) -> ByteBuffer {
            ByteBuffer(bytes: vector.hex.split(separator: " ").compactMap { UInt8($0, radix: 16) })
        }
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath()
            .deletingLastPathComponent().deletingLastPathComponent().deletingLastPathComponent()
        let file = root.appendingPathComponent("docs/vectors/tunnel.json")
        let vectors = try JSONDecoder().decode(Vectors.self, from: Data(contentsOf: file))

        let open = TunnelOpen(tunnel: 3, token: Array("secret".utf8), target: "web")
        var buffer = ByteBuffer()
        open.encode(into: &buffer)
        #expect(try buffer == bytes(vectors.open) && TunnelOpen(decoding: bytes(vectors.open)) == open)
        let frames = [
            TunnelFrame(tunnel: 3, .data(ByteBuffer(string: "hi"))), TunnelFrame(tunnel: 3, .finish),
            TunnelFrame(tunnel: 3, .reset(.idle)), TunnelFrame(tunnel: 3, .credit(limit: 81_920)),
            TunnelFrame(tunnel: 300, .finish),
        ]
        #expect(frames.count == vectors.frames.count)
        for (frame, vector) in zip(frames, vectors.frames) {
            buffer.clear()
            frame.encode(into: &buffer)
            #expect(try buffer == bytes(vector) && TunnelFrame(decoding: bytes(vector)) == frame, "\(vector.name)")
        }
        for vector in vectors.refused {
            #expect(throws: EnvelopeError.self, "\(vector.name)") { try TunnelFrame(decoding: bytes(vector)) }
        }
    }

    @Test("what is cut, too long, left over, unknown or no UTF-8 is refused")
    func refused() {
        for bytes: [UInt8] in [
            [], [1], [2, 1, 0, 1, 0x61], [1, 1, 0], [1, 1, 0, 0], [1, 1, 2, 9], [1, 1, 0, 2, 0x61],
            [1, 1, 0, 1, 0xff], [1, 1, 0, 1, 0x61, 0],
            [1, 1, 0x41, 0x01] + Array(repeating: 7, count: 257) + [1, 0x61],
            [1, 1, 0, 0x41, 0x05] + Array(repeating: 0x61, count: 261),
        ] {
            #expect(throws: EnvelopeError.self, "\(bytes)") { try TunnelOpen(decoding: ByteBuffer(bytes: bytes)) }
        }
        for bytes: [UInt8] in [[], [0], [0, 1], [1, 1, 0], [2, 1], [2, 1, 0, 0], [3, 1], [3, 1, 0xc0], [4, 1]] {
            #expect(throws: EnvelopeError.self, "\(bytes)") { try TunnelFrame(decoding: ByteBuffer(bytes: bytes)) }
        }
    }
}
