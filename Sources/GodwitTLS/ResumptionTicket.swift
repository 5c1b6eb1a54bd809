import COpenSSL
import Glibc
import NIOCore

/// What a client shows to a server that it knows, instead of a full handshake: an opaque session of TLS, with the server's
/// certificate in it. Whoever has it can pose as this client's next connection, and read early data: keep it as a password.
package struct ResumptionTicket: Sendable, Equatable {
    /// OpenSSL's encoding.
    package let bytes: [UInt8]

    /// A ticket of a kind that could be true has so many bytes.
    package static let maximumBytes = 4_096

    /// What a store gave back; whether it is a ticket shows when it is used.
    package init?(bytes: [UInt8]) {
        guard (1...Self.maximumBytes).contains(bytes.count) else { return nil }
        self.bytes = bytes
    }
}

/// A client's wish to resume.
package struct TLSResumption: Sendable {
    package var ticket: ResumptionTicket
    /// How long ago the ticket came, also across restarts of the process.
    package var age: TimeAmount

    package init(ticket: ResumptionTicket, age: TimeAmount) {
        self.ticket = ticket
        self.age = age
    }
}

/// OpenSSL's session behind a ticket.
final class TLSSession {
    let pointer: OpaquePointer

    /// nil for bytes that are no session, or one of a server that `verifier` does not accept: pins may have changed since.
    init?(_ resumption: TLSResumption, verifier: PinVerifier) {
        let bytes = resumption.ticket.bytes
        let decoded = bytes.withUnsafeBufferPointer { buffer in
            var start = buffer.baseAddress
            return d2i_SSL_SESSION(nil, &start, buffer.count)
        }
        guard let decoded else {
            ERR_clear_error()
            return nil
        }
        pointer = decoded
        guard SSL_SESSION_is_resumable(pointer) == 1, SSL_SESSION_get_protocol_version(pointer) == TLS1_3_VERSION,
            let certificate = SSL_SESSION_get0_peer(pointer), let pin = PublicKeyPin(certificate: certificate),
            verifier.accepts(pin)
        else { return nil }
        // OpenSSL takes the age from the system's clock; ours is the given one.
        SSL_SESSION_set_time(pointer, time(nil) - Int(max(0, resumption.age.nanoseconds) / 1_000_000_000))
    }

    deinit { SSL_SESSION_free(pointer) }

    var allowsEarlyData: Bool { SSL_SESSION_get_max_early_data(pointer) > 0 }
}

/// OpenSSL hands over a new ticket; it keeps its own reference.
func keepTicket(ssl: OpaquePointer?, session: OpaquePointer?) -> Int32 {
    guard let ssl, let session, let record = EngineRecord.attached(to: ssl) else { return 0 }
    let length = i2d_SSL_SESSION(session, nil)
    guard length > 0, Int(length) <= ResumptionTicket.maximumBytes else { return 0 }
    var bytes = [UInt8](repeating: 0, count: Int(length))
    let written = bytes.withUnsafeMutableBufferPointer { buffer in
        var next = buffer.baseAddress
        return i2d_SSL_SESSION(session, &next)
    }
    if written == length { record.ticket = bytes }
    return 0
}
