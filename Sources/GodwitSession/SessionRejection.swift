import GodwitWire
import NIOCore

extension SessionError {
    /// The REJECTED envelope that tells a client why its OPEN came to nothing.
    package func rejection(retryAfter: TimeAmount = .zero) -> ByteBuffer {
        let reason: RejectedEnvelope.Reason
        switch self {
        case .unsupportedVersion: reason = .unsupportedVersion
        case .tableFull: reason = .overloaded
        case .staleOpen: reason = .stale
        default: reason = .malformed
        }
        var buffer = ByteBuffer()
        let milliseconds = UInt64(max(0, retryAfter.nanoseconds / 1_000_000))
        RejectedEnvelope(reason: reason, retryAfterMilliseconds: milliseconds, text: description).encode(into: &buffer)
        return buffer
    }
}
