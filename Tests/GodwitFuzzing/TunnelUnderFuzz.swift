import GodwitTunnel
import GodwitWire
import NIOCore

/// What a peer can say about tunnels: an opening, and frames for one end of a tunnel, cut from the input.
enum TunnelUnderFuzz {
    static func run(_ bytes: [UInt8]) {
        if let open = try? TunnelOpen(decoding: ByteBuffer(bytes: bytes)) {
            var encoded = ByteBuffer()
            open.encode(into: &encoded)
            let again = try? TunnelOpen(decoding: encoded)
            precondition(again == open, "\(open) became \(String(describing: again))")
        }
        // A length before each frame; what the program takes at once is credited, so windows move too.
        var stream = TunnelStream(maximumWindow: 1 << 18)
        var input = ByteBuffer(bytes: bytes)
        var now = NIODeadline.uptimeNanoseconds(1)
        stream.read(ByteBuffer(repeating: 1, count: 1000))
        while let length = input.readInteger(as: UInt8.self),
            let body = input.readSlice(length: min(Int(length), input.readableBytes))
        {
            guard let frame = try? TunnelFrame(decoding: body) else { continue }
            var encoded = ByteBuffer()
            frame.encode(into: &encoded)
            let again = try? TunnelFrame(decoding: encoded)
            precondition(again == frame, "\(frame) became \(String(describing: again))")
            if case .write(let bytes)? = stream.receive(frame.content), length % 2 == 0 {
                now = now + .milliseconds(1)
                _ = stream.wrote(bytes.readableBytes, now: now)
            }
            while stream.nextFrame(data: true) != nil {}
        }
    }
}
