import COpenSSL

/// The client's judgement of a server's certificate: by its public-key pin and nothing else.
///
/// Names and dates are not looked at. The pin already names the one key that is trusted, and phones' clocks are often wrong.
final class PinVerifier: Sendable {
    let pins: [PublicKeyPin]

    init(pins: [PublicKeyPin]) { self.pins = pins }

    /// Compares with every pin, in constant time, so that the time tells nothing about which one came close.
    func accepts(_ presented: PublicKeyPin) -> Bool {
        var accepted = false
        for pin in pins where KeyDerivation.constantTimeEqual(pin.digest, presented.digest) { accepted = true }
        return accepted
    }

    /// Makes `context` verify by pin. The context's owner keeps `self` alive for as long as the context.
    func install(in context: OpaquePointer) {
        SSL_CTX_set_verify(context, SSL_VERIFY_PEER, nil)
        SSL_CTX_set_cert_verify_callback(context, verifyByPin, Unmanaged.passUnretained(self).toOpaque())
    }
}

private func verifyByPin(store: OpaquePointer?, verifier: UnsafeMutableRawPointer?) -> Int32 {
    guard let store, let verifier, let leaf = X509_STORE_CTX_get0_cert(store),
        let presented = PublicKeyPin(certificate: leaf)
    else { return 0 }
    if Unmanaged<PinVerifier>.fromOpaque(verifier).takeUnretainedValue().accepts(presented) {
        X509_STORE_CTX_set_error(store, X509_V_OK)
        return 1
    }
    if let ssl = X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()) {
        EngineRecord.attached(to: OpaquePointer(ssl))?.refused = presented
    }
    // Becomes the alert bad_certificate (42) to the server.
    X509_STORE_CTX_set_error(store, X509_V_ERR_CERT_UNTRUSTED)
    return 0
}
