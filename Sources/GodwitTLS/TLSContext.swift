import COpenSSL

/// What all connections of one kind share: protocol version, algorithms, and the server's key or the client's pins.
///
/// TLS 1.3 only; key exchange X25519, then P-256. A server with a `TicketIssuer` gives each client one ticket to resume with.
package final class TLSContext: @unchecked Sendable {
    // Unchecked, since `OpaquePointer` is not Sendable. It is sound: the SSL_CTX is configured before `init` returns and never
    // after; OpenSSL counts its references atomically and locks what connections share in it; no session is kept in it.
    let pointer: OpaquePointer
    let role: TLSRole
    /// The pins a client expects; empty on a server.
    package var pins: [PublicKeyPin] { verifier?.pins ?? [] }

    // OpenSSL holds unretained pointers to these three for as long as `pointer` lives.
    private let protocols: ApplicationProtocols
    let verifier: PinVerifier?
    package let tickets: TicketIssuer?

    /// A server's context, with its key, speaking one of `alpn` (most wanted first). Without `tickets` every handshake is a full one.
    package static func server(
        identity: ServerIdentity, alpn: [String], tickets: TicketIssuer? = nil
    ) throws(TLSError) -> TLSContext {
        let context = try TLSContext(role: .server, verifier: nil, alpn: alpn, tickets: tickets)
        context.protocols.installChoice(in: context.pointer)
        try tickets?.install(in: context.pointer)
        try context.use(identity)
        return context
    }

    /// A client's context that trusts servers with one of the `pins` and no others, and offers `alpn`.
    package static func client(pins: [PublicKeyPin], alpn: [String]) throws(TLSError) -> TLSContext {
        guard !pins.isEmpty else { throw .noPins }
        let verifier = PinVerifier(pins: pins)
        let context = try TLSContext(role: .client, verifier: verifier, alpn: alpn)
        verifier.install(in: context.pointer)
        try context.protocols.installOffer(in: context.pointer)
        let mode = SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL
        _ = godwit_SSL_CTX_set_session_cache_mode(context.pointer, Int(mode))
        SSL_CTX_sess_set_new_cb(context.pointer, keepTicket)
        return context
    }

    private init(
        role: TLSRole, verifier: PinVerifier?, alpn: [String], tickets: TicketIssuer? = nil
    ) throws(TLSError) {
        let protocols = try ApplicationProtocols(alpn)
        guard let pointer = SSL_CTX_new(role == .server ? TLS_server_method() : TLS_client_method()) else {
            throw OpenSSLErrors.failure(of: "SSL_CTX_new")
        }
        self.pointer = pointer
        self.role = role
        self.protocols = protocols
        self.verifier = verifier
        self.tickets = tickets
        guard godwit_SSL_CTX_set_min_proto_version(pointer, TLS1_3_VERSION) == 1,
            godwit_SSL_CTX_set_max_proto_version(pointer, TLS1_3_VERSION) == 1,
            // The first is the one for phones with AES instructions, the second for those without.
            SSL_CTX_set_ciphersuites(
                pointer, "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384") == 1,
            godwit_SSL_CTX_set1_groups_list(pointer, "X25519:P-256") == 1,
            // The identities are P-256. Offering no more keeps the ClientHello short.
            godwit_SSL_CTX_set1_sigalgs_list(pointer, "ECDSA+SHA256:ed25519:RSA-PSS+SHA256") == 1,
            SSL_CTX_set_num_tickets(pointer, 0) == 1
        else { throw OpenSSLErrors.failure(of: "SSL_CTX_set_ciphersuites") }
        _ = godwit_SSL_CTX_set_session_cache_mode(pointer, Int(SSL_SESS_CACHE_OFF))
        // An idle connection then keeps no 34 KB of record buffers.
        _ = godwit_SSL_CTX_set_mode(pointer, Int(SSL_MODE_RELEASE_BUFFERS))
    }

    deinit { SSL_CTX_free(pointer) }

    private func use(_ identity: ServerIdentity) throws(TLSError) {
        let key = try PEM.privateKey(identity.privateKeyPEM)
        let chain = try PEM.certificates(identity.certificateChainPEM)
        guard let leaf = chain.first, SSL_CTX_use_certificate(pointer, leaf.pointer) == 1 else {
            throw .unreadableCertificate(reason: OpenSSLErrors.take().text)
        }
        for certificate in chain.dropFirst()
        where godwit_SSL_CTX_add1_chain_cert(pointer, certificate.pointer) != 1 {
            throw .unreadableCertificate(reason: OpenSSLErrors.take().text)
        }
        guard SSL_CTX_use_PrivateKey(pointer, key.pointer) == 1, SSL_CTX_check_private_key(pointer) == 1 else {
            ERR_clear_error()
            throw .keyDoesNotMatchCertificate
        }
    }
}
