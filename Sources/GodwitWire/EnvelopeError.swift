/// Why some bytes are not an envelope.
package enum EnvelopeError: Error, Hashable, Sendable {
    /// The bytes ended inside `field`.
    case truncated(field: String)
    /// More bytes than a session message may have.
    case tooLarge(bytes: Int, limit: Int)
    /// No envelope has this first byte.
    case unknownType(UInt8)
    /// `field` has a value that its definition excludes.
    case invalid(field: String, value: UInt64)
    /// Bytes follow an envelope that ends by its own definition.
    case trailingBytes(Int)
}

extension EnvelopeError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .truncated(let field): "the envelope ends inside its \(field)"
        case .tooLarge(let bytes, let limit): "an envelope of \(bytes) bytes is over the limit of \(limit)"
        case .unknownType(let byte): "no envelope begins with the byte 0x\(String(byte, radix: 16))"
        case .invalid(let field, let value): "the envelope's \(field) cannot be \(value)"
        case .trailingBytes(let count): "\(count) bytes follow the end of the envelope"
        }
    }
}
