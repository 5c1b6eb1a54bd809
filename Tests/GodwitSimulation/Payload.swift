import GodwitWire
import NIOCore

/// The body of a simulated message: it tells which message it is, and every byte of it can be checked.
///
///     number   varint
///     filler   the rest; each byte follows from the number and its place
package struct Payload: Hashable, Sendable {
    package let number: UInt64
    /// The whole body's length in bytes; at least what the number needs.
    package let length: Int

    package init(number: UInt64, length: Int) {
        self.number = number
        self.length = max(length, Self.numberLength(number))
    }

    package func encode() -> ByteBuffer {
        var body = ByteBuffer()
        body.reserveCapacity(length + 8)
        body.writeEncodedInteger(number, strategy: .quic)
        let filler = Self.filler(number)
        while body.readableBytes < length { body.writeInteger(filler) }
        body.moveWriterIndex(to: length)
        return body
    }

    /// The payload, or nil when the bytes are none: then something was changed on the way.
    package init?(decoding body: ByteBuffer) {
        var rest = body
        guard let number = rest.readEncodedInteger(as: UInt64.self, strategy: .quic) else { return nil }
        let expected = Payload(number: number, length: body.readableBytes)
        guard expected.encode() == body else { return nil }
        self = expected
    }

    /// Eight bytes that repeat through the body.
    private static func filler(_ number: UInt64) -> UInt64 {
        (number &+ 1) &* 0x9e37_79b9_7f4a_7c15
    }

    private static func numberLength(_ number: UInt64) -> Int {
        switch number {
        case ..<0x40: 1
        case ..<0x4000: 2
        case ..<0x4000_0000: 4
        default: 8
        }
    }
}
