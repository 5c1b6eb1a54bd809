import COpenSSL
import NIOCore

/// One TLS 1.3 connection on two memory buffers: bytes in, bytes out, no socket. One owner; not Sendable.
///
/// For the stream carrier it carries the application data. For the datagram carrier it only makes the handshake and exports the
/// keys; drop it afterwards, since it holds tens of kilobytes.
package final class TLSEngine {
    package let role: TLSRole
    /// True once the handshake is finished on this side.
    package private(set) var isHandshakeComplete = false
    /// True once `exportKeyingMaterial` works: on a server when its Finished is written, half a round trip before the end of
    /// the handshake, on a client with its end.
    package private(set) var canExport = false
    /// True once the peer's close_notify was read: everything it sent has arrived.
    package var isClosed: Bool { SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN != 0 }

    private let ssl: OpaquePointer
    private let context: TLSContext
    private let record: EngineRecord
    /// Early data is offered (client) or taken (server).
    private var isEarly: Bool
    /// Server: OpenSSL wants to be asked for early data before the handshake goes on.
    private var asksForEarlyData: Bool
    // Owned by `ssl`.
    private let input: OpaquePointer
    private let output: OpaquePointer
    private var failure: TLSError?
    private var isClosing = false

    /// - Parameters:
    ///   - context: of the same role.
    ///   - serverName: a client's server name indication; nil or an IP address sends none.
    ///   - middleboxCompatibility: makes the handshake look like TLS 1.2 to middleboxes on TCP (RFC 8446 appendix D.4), for 38
    ///     bytes more each way.
    ///   - resumption: a client's ticket. One that is of no use makes a full handshake.
    ///   - earlyData: whether a client with a ticket offers early data, and a server takes it. TLS carries none of it: the owner
    ///     protects it with `exportEarlyKeyingMaterial`.
    package init(
        context: TLSContext, role: TLSRole, serverName: String?, middleboxCompatibility: Bool = false,
        resumption: TLSResumption? = nil, earlyData: Bool = false
    ) throws(TLSError) {
        precondition(context.role == role, "a \(role) engine needs a \(role) context")
        guard let ssl = SSL_new(context.pointer) else { throw OpenSSLErrors.failure(of: "SSL_new") }
        guard let input = BIO_new(BIO_s_mem()) else {
            SSL_free(ssl)
            throw OpenSSLErrors.failure(of: "BIO_new")
        }
        guard let output = BIO_new(BIO_s_mem()) else {
            BIO_free(input)
            SSL_free(ssl)
            throw OpenSSLErrors.failure(of: "BIO_new")
        }
        SSL_set_bio(ssl, input, output)
        self.role = role
        self.context = context
        self.ssl = ssl
        self.input = input
        self.output = output
        record = EngineRecord(issuer: context.tickets)
        isEarly = role == .server && earlyData && context.tickets != nil
        asksForEarlyData = isEarly
        record.attach(to: ssl)
        if !middleboxCompatibility { SSL_clear_options(ssl, godwit_SSL_OP_ENABLE_MIDDLEBOX_COMPAT) }
        switch role {
        case .client: SSL_set_connect_state(ssl)
        case .server: SSL_set_accept_state(ssl)
        }
        if role == .client, let serverName, !ServerName.isAddress(serverName) {
            guard ServerName.isValid(serverName), godwit_SSL_set_tlsext_host_name(ssl, serverName) == 1 else {
                ERR_clear_error()
                throw .invalidServerName(serverName)
            }
        }
        guard let resumption, let verifier = context.verifier,
            let session = TLSSession(resumption, verifier: verifier), SSL_set_session(ssl, session.pointer) == 1
        else { return }
        isEarly = earlyData && session.allowsEarlyData
    }

    deinit { SSL_free(ssl) }

    /// Begins a client's handshake: its ClientHello is then in `takeOutput`. A server has nothing to say first.
    package func start() throws(TLSError) {
        guard role == .client else { return }
        if isEarly { offerEarlyData() }
        try advanceHandshake()
    }

    /// Takes bytes of the peer and advances the handshake. After an error the engine is dead, but `takeOutput` may still hold
    /// an alert that tells the peer why.
    ///
    /// - Parameter now: a server judges and stamps tickets by it.
    package func receive(_ records: ByteBuffer, now: NIODeadline) throws(TLSError) {
        if let failure { throw failure }
        record.now = now
        guard records.readableBytes > 0 else { return }
        let length = records.readableBytes
        let taken = records.withUnsafeReadableBytes { bytes in
            Int32(exactly: bytes.count).map { BIO_write(input, bytes.baseAddress, $0) } ?? -1
        }
        guard Int(taken) == length else { throw fail(OpenSSLErrors.failure(of: "BIO_write")) }
        if !isHandshakeComplete { try advanceHandshake() }
    }

    /// The byte stream below has ended. Throws `truncated` when the peer had not said that it would.
    package func receiveEndOfStream() throws(TLSError) {
        if let failure { throw failure }
        guard isClosed else { throw fail(.truncated) }
    }

    /// The bytes for the peer, nil if there are none now.
    package func takeOutput() -> ByteBuffer? {
        let pending = godwit_BIO_pending(output)
        guard pending > 0 else { return nil }
        var bytes = ByteBuffer()
        bytes.writeWithUnsafeMutableBytes(minimumWritableBytes: pending) { space in
            Int(max(0, BIO_read(output, space.baseAddress, Int32(clamping: space.count))))
        }
        return bytes
    }

    /// Keys that both ends of this handshake know and nobody else (RFC 8446 section 7.5).
    package func exportKeyingMaterial(label: String, context: [UInt8], length: Int) throws(TLSError) -> [UInt8] {
        guard canExport else { throw .handshakeIncomplete }
        guard (1...255 * KeyDerivation.digestLength).contains(length) else { throw .invalidDerivation }
        guard let material = export(label: label, context: context, length: length) else {
            throw OpenSSLErrors.failure(of: "SSL_export_keying_material")
        }
        return material
    }

    /// The same for early data, which is not forward secret and may be a copy (RFC 8446 sections 2.3 and 8). nil when none was
    /// offered, or the server has not accepted it.
    package func exportEarlyKeyingMaterial(label: String, context: [UInt8], length: Int) -> [UInt8]? {
        guard isEarly, (1...255 * KeyDerivation.digestLength).contains(length) else { return nil }
        var material = [UInt8](repeating: 0, count: length)
        let label = label.utf8.map { CChar(bitPattern: $0) }
        let result = SSL_export_keying_material_early(
            ssl, &material, length, label, label.count, context, context.count)
        ERR_clear_error()
        return result == 1 ? material : nil
    }

    /// Whether the server took the early data; on a client final once the handshake is complete.
    package var isEarlyDataAccepted: Bool { SSL_get_early_data_status(ssl) == SSL_EARLY_DATA_ACCEPTED }

    /// Whether the handshake went by a ticket.
    package var isResumed: Bool { SSL_session_reused(ssl) == 1 }

    /// Client: the newest ticket that has come, once. It comes behind the handshake: `readTickets` looks for it.
    package func takeTicket() -> ResumptionTicket? {
        defer { record.ticket = nil }
        return record.ticket.flatMap { ResumptionTicket(bytes: $0) }
    }

    /// Client, for carriers on which TLS carries no data: looks for tickets in what has been received.
    package func readTickets() throws(TLSError) {
        var none = ByteBuffer()
        _ = try read(into: &none)
        // Application data here is nothing that this protocol sends.
        guard none.readableBytes == 0 else { throw fail(.protocolFailure(reason: "unexpected application data")) }
    }

    /// Encrypts application data into `takeOutput`.
    package func write(_ plaintext: ByteBuffer) throws(TLSError) {
        if let failure { throw failure }
        guard isHandshakeComplete else { throw .handshakeIncomplete }
        guard !isClosing else { throw .closed }
        guard plaintext.readableBytes > 0 else { return }
        ERR_clear_error()
        let result = plaintext.withUnsafeReadableBytes { bytes in
            Int32(exactly: bytes.count).map { SSL_write(ssl, bytes.baseAddress, $0) } ?? -1
        }
        guard result == plaintext.readableBytes else { throw fail(cause(of: result)) }
    }

    /// Appends the application data that has arrived.
    ///
    /// - Returns: whether there was any.
    package func read(into plaintext: inout ByteBuffer) throws(TLSError) -> Bool {
        if let failure { throw failure }
        guard isHandshakeComplete else { return false }
        let before = plaintext.readableBytes
        while true {
            ERR_clear_error()
            var result: Int32 = 0
            plaintext.writeWithUnsafeMutableBytes(minimumWritableBytes: Self.readSize) { space in
                result = SSL_read(ssl, space.baseAddress, Int32(clamping: space.count))
                return Int(max(0, result))
            }
            if result > 0 { continue }
            switch SSL_get_error(ssl, result) {
            case SSL_ERROR_WANT_READ, SSL_ERROR_ZERO_RETURN: return plaintext.readableBytes > before
            default: throw fail(cause(of: result))
            }
        }
    }

    /// Queues a close_notify; nothing can be written after it.
    package func close() {
        guard failure == nil, !isClosing, isHandshakeComplete else { return }
        isClosing = true
        _ = SSL_shutdown(ssl)
        ERR_clear_error()
    }

    /// The application protocol that the server chose, nil before that or if it chose none.
    package var negotiatedALPN: String? {
        var name: UnsafePointer<UInt8>?
        var length: UInt32 = 0
        SSL_get0_alpn_selected(ssl, &name, &length)
        guard let name, length > 0 else { return nil }
        return String(decoding: UnsafeBufferPointer(start: name, count: Int(length)), as: UTF8.self)
    }

    /// The largest plaintext of a record (RFC 8446 section 5.1) would be 16 KiB; chat is smaller.
    private static let readSize = 4_096

    /// Writes the ClientHello with an offer of early data, and stops there.
    private func offerEarlyData() {
        ERR_clear_error()
        var written = 0
        // Nothing is written but what comes before early data. When that is not possible the handshake does without.
        if SSL_write_early_data(ssl, [UInt8](), 0, &written) != 1 { isEarly = false }
        ERR_clear_error()
    }

    private func continueHandshake() -> Int32 {
        var byte: UInt8 = 0
        var count = 0
        while asksForEarlyData {
            switch SSL_read_early_data(ssl, &byte, 1, &count) {
            case SSL_READ_EARLY_DATA_ERROR: return -1
            case SSL_READ_EARLY_DATA_FINISH: asksForEarlyData = false
            // Early data inside TLS is nothing that this protocol sends; it goes unread.
            default: break
            }
        }
        return SSL_do_handshake(ssl)
    }

    private func advanceHandshake() throws(TLSError) {
        if let failure { throw failure }
        ERR_clear_error()
        let result = continueHandshake()
        if result == 1 {
            isHandshakeComplete = true
            canExport = true
            return
        }
        switch SSL_get_error(ssl, result) {
        case SSL_ERROR_WANT_READ, SSL_ERROR_WANT_WRITE: break
        default: throw fail(cause(of: result))
        }
        // OpenSSL alone knows when the exporter secret is final on a server, so it is asked.
        if role == .server, !canExport {
            canExport = export(label: "EXPORTER-godwit probe", context: [], length: 1) != nil
        }
    }

    private func export(label: String, context: [UInt8], length: Int) -> [UInt8]? {
        var material = [UInt8](repeating: 0, count: length)
        let label = label.utf8.map { CChar(bitPattern: $0) }
        let result = SSL_export_keying_material(
            ssl, &material, length, label, label.count, context, context.count, 1)
        ERR_clear_error()
        return result == 1 ? material : nil
    }

    private func fail(_ error: TLSError) -> TLSError {
        failure = error
        return error
    }

    /// Turns the failure of the last OpenSSL call into an error with facts.
    private func cause(of result: Int32) -> TLSError {
        if let presented = record.refused {
            ERR_clear_error()
            return .pinMismatch(expected: context.pins, presented: presented)
        }
        return TLSFailure.classify(OpenSSLErrors.take())
    }
}
