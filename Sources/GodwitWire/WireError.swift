/// Why bytes could not be read as what they claim to be. Never a reason to trap: decoders throw it, callers count it.
package enum WireError: Error, Hashable, Sendable {
    /// The bytes end before the value does.
    case truncated
    /// Bytes are left over after the value.
    case trailingBytes(Int)
    case lengthOverLimit(length: UInt64, limit: UInt64)
    case valueOutOfRange(UInt64)
    case unknownPacketType(UInt8)
    case unsupportedVersion(UInt8)
    case connectionIDTooLong(Int)
    case reservedBits(UInt8)
    case unknownFrameType(UInt64)
    /// An ACK whose ranges reach below packet number 0.
    case invalidAckRange
    /// An envelope or enumeration with a kind that this version does not know.
    case unknownKind(UInt64)
    case invalidUTF8
}

extension WireError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .truncated: "the bytes end in the middle of a value"
        case .trailingBytes(let count): "\(count) bytes are left over after the value"
        case .lengthOverLimit(let length, let limit): "a length of \(length) is over the limit of \(limit)"
        case .valueOutOfRange(let value): "the value \(value) is out of range"
        case .unknownPacketType(let type): "packet type \(type) is unknown"
        case .unsupportedVersion(let version): "protocol version \(version) is not supported"
        case .connectionIDTooLong(let length): "a connection ID of \(length) bytes is too long"
        case .reservedBits(let byte): "reserved bits are set in the first byte (\(byte))"
        case .unknownFrameType(let type): "frame type \(type) is unknown"
        case .invalidAckRange: "an ACK range reaches below packet number 0"
        case .unknownKind(let kind): "kind \(kind) is unknown"
        case .invalidUTF8: "a text is not valid UTF-8"
        }
    }
}
