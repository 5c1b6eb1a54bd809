/// Why a compressed body cannot be read.
package enum CompressionError: Error, Hashable, Sendable {
    case unknownDictionary(UInt8)
    /// It would grow beyond the limit: refused at that point, whatever its real size.
    case outputTooLarge(limit: Int)
    /// Not a deflate stream, or it does not end with the body.
    case corrupt
    /// zlib could not get memory for a context.
    case unavailable
}

extension CompressionError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .unknownDictionary(let id): "no compression dictionary has the number \(id) here"
        case .outputTooLarge(let limit): "the body would grow beyond \(limit) bytes"
        case .corrupt: "the compressed body is damaged"
        case .unavailable: "no memory for a compression context"
        }
    }
}
