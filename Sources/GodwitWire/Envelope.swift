import NIOCore

/// What a carrier moves: one session envelope.
///
///     0x01 OPEN   0x02 OPENED   0x03 REJECTED   0x04 ACK   0x05 PING   0x06 PONG   0x07 CLOSE
///     0x40 DATAGRAM
///     0x41...0x7f extensions: a receiver that does not know one ignores it whole
///     0x80...0xff DATA
///     any other first byte is a violation
package enum Envelope: Hashable, Sendable {
    case open(OpenEnvelope)
    case opened(OpenedEnvelope)
    case rejected(RejectedEnvelope)
    /// `0x04`, u16: low bits of the cumulative acknowledgement, when no message goes that could carry it.
    case acknowledgement(UInt16)
    /// `0x05`, u16: asks for a PONG with the same number.
    case ping(UInt16)
    /// `0x06`, u16.
    case pong(UInt16)
    case close(CloseEnvelope)
    case data(DataEnvelope)
    case datagram(DatagramEnvelope)
    /// An extension of a later version, by its first byte.
    case ignored(UInt8)

    /// The limit of a whole envelope, in bytes.
    package static let maximumBytes = 262_144

    package init(decoding bytes: ByteBuffer) throws(EnvelopeError) {
        guard bytes.readableBytes <= Self.maximumBytes else {
            throw .tooLarge(bytes: bytes.readableBytes, limit: Self.maximumBytes)
        }
        var buffer = bytes
        let first: UInt8 = try buffer.readEnvelopeFixed("first byte")
        switch first {
        case 0x80...: self = .data(try DataEnvelope(first: first, decodingBody: &buffer))
        case OpenEnvelope.type: self = .open(try OpenEnvelope(decodingBody: &buffer))
        case OpenedEnvelope.type: self = .opened(try OpenedEnvelope(decodingBody: &buffer))
        case RejectedEnvelope.type: self = .rejected(try RejectedEnvelope(decodingBody: &buffer))
        case 0x04:
            self = .acknowledgement(try buffer.readEnvelopeFixed("acknowledgement"))
            try buffer.requireEnd()
        case 0x05:
            self = .ping(try buffer.readEnvelopeFixed("ping"))
            try buffer.requireEnd()
        case 0x06:
            self = .pong(try buffer.readEnvelopeFixed("pong"))
            try buffer.requireEnd()
        case CloseEnvelope.type: self = .close(try CloseEnvelope(decodingBody: &buffer))
        case DatagramEnvelope.type: self = .datagram(try DatagramEnvelope(decodingBody: &buffer))
        case 0x41...0x7f: self = .ignored(first)
        default: throw .unknownType(first)
        }
    }

    package func encode(into buffer: inout ByteBuffer) {
        switch self {
        case .open(let open): open.encode(into: &buffer)
        case .opened(let opened): opened.encode(into: &buffer)
        case .rejected(let rejected): rejected.encode(into: &buffer)
        case .acknowledgement(let low): buffer.writeMultipleIntegers(UInt8(0x04), low)
        case .ping(let number): buffer.writeMultipleIntegers(UInt8(0x05), number)
        case .pong(let number): buffer.writeMultipleIntegers(UInt8(0x06), number)
        case .close(let close): close.encode(into: &buffer)
        case .data(let data): data.encode(into: &buffer)
        case .datagram(let datagram): datagram.encode(into: &buffer)
        case .ignored(let first): buffer.writeInteger(first)
        }
    }

    /// Whether a carrier's first bytes may be acted on although they may be a copy of what was said at another time: an OPEN is, since
    /// attempts are counted, unless it brings requests that are not.
    package static func isReplaySafe(_ bytes: ByteBuffer) -> Bool {
        guard case .open(let open) = try? Envelope(decoding: bytes) else { return false }
        return open.early?.isReplaySafe ?? true
    }

    /// The envelope's name in the protocol, for errors and counters.
    package var name: String {
        switch self {
        case .open: "OPEN"
        case .opened: "OPENED"
        case .rejected: "REJECTED"
        case .acknowledgement: "ACK"
        case .ping: "PING"
        case .pong: "PONG"
        case .close: "CLOSE"
        case .data: "DATA"
        case .datagram: "DATAGRAM"
        case .ignored: "extension"
        }
    }
}
