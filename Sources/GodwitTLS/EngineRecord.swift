import COpenSSL
import NIOCore

/// What an engine and the callbacks that OpenSSL makes on its behalf tell each other.
final class EngineRecord {
    /// The server's tickets, nil on a client or without any.
    let issuer: TicketIssuer?
    /// The time of the present call into OpenSSL.
    var now = NIODeadline.distantPast
    /// The key that the client's pins refused. OpenSSL's own error would say only "failed".
    var refused: PublicKeyPin?
    /// The newest ticket that the server has sent, in OpenSSL's encoding. Encoded at once: OpenSSL marks the session itself as not
    /// resumable when its connection is freed without a shutdown.
    var ticket: [UInt8]?

    init(issuer: TicketIssuer?) { self.issuer = issuer }

    /// Makes the record reachable from callbacks of `ssl`, which the record's owner also owns.
    func attach(to ssl: OpaquePointer) {
        SSL_set_ex_data(ssl, Self.index, Unmanaged.passUnretained(self).toOpaque())
    }

    static func attached(to ssl: OpaquePointer) -> EngineRecord? {
        guard let pointer = SSL_get_ex_data(ssl, index) else { return nil }
        return Unmanaged<EngineRecord>.fromOpaque(pointer).takeUnretainedValue()
    }

    /// OpenSSL reserves the index 0 for the application (`SSL_set_app_data`).
    private static let index: Int32 = 0
}
