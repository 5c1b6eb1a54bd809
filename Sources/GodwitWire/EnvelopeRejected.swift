import NIOCore

/// The server's refusal of OPEN; the carrier is closed behind it.
///
///     0x03         u8
///     reason       varint   see `Reason`
///     retry after  varint   milliseconds, 0 = when the client likes
///     text         varint length ≤ 256, UTF-8 for people
///     extensions            anything further is ignored
package struct RejectedEnvelope: Hashable, Sendable {
    package static let type: UInt8 = 0x03
    package static let textLimit = 256

    package enum Reason: Hashable, Sendable {
        /// The server does not speak the client's session version.
        case unsupportedVersion
        /// No room for another session now.
        case overloaded
        /// The OPEN was not understood.
        case malformed
        /// A newer OPEN of the same client process is already served.
        case stale
        /// A reason that a later version may send.
        case other(UInt64)

        package init(code: UInt64) {
            switch code {
            case 1: self = .unsupportedVersion
            case 2: self = .overloaded
            case 3: self = .malformed
            case 4: self = .stale
            default: self = .other(code)
            }
        }

        package var code: UInt64 {
            switch self {
            case .unsupportedVersion: 1
            case .overloaded: 2
            case .malformed: 3
            case .stale: 4
            case .other(let code): min(code, SequenceNumber.maximum)
            }
        }
    }

    package var reason: Reason
    package var retryAfterMilliseconds: UInt64
    package var text: String

    package init(reason: Reason, retryAfterMilliseconds: UInt64 = 0, text: String) {
        self.reason = reason
        self.retryAfterMilliseconds = retryAfterMilliseconds
        self.text = text
    }

    init(decodingBody buffer: inout ByteBuffer) throws(EnvelopeError) {
        reason = Reason(code: try buffer.readEnvelopeInteger("reason"))
        retryAfterMilliseconds = try buffer.readEnvelopeInteger("retry after")
        text = try buffer.readEnvelopeText("text", limit: Self.textLimit)
    }

    package func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(Self.type)
        buffer.writeEnvelopeInteger(reason.code)
        buffer.writeEnvelopeInteger(min(retryAfterMilliseconds, SequenceNumber.maximum))
        buffer.writeEnvelopeText(text, limit: Self.textLimit)
    }
}
