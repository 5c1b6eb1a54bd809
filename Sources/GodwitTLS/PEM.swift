import COpenSSL

/// Owns an X509 certificate.
final class Certificate {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { X509_free(pointer) }
}

/// Owns a private key.
final class PrivateKey {
    let pointer: OpaquePointer

    init(_ pointer: OpaquePointer) { self.pointer = pointer }

    deinit { EVP_PKEY_free(pointer) }
}

/// Keys and certificates to PEM text and back.
enum PEM {
    /// A file larger than this is no certificate chain and no key.
    private static let maximumBytes = 1 << 20

    /// All certificates in the text, at least one.
    static func certificates(_ text: String) throws(TLSError) -> [Certificate] {
        guard let input = reader(text) else { throw .unreadableCertificate(reason: "larger than 1 MiB") }
        defer { BIO_free(input) }
        var certificates: [Certificate] = []
        while let certificate = PEM_read_bio_X509(input, nil, nil, nil) {
            certificates.append(Certificate(certificate))
        }
        let cause = OpenSSLErrors.take()
        // "No start line" is how OpenSSL says that the text has no further block.
        guard !certificates.isEmpty, cause.reason == PEM_R_NO_START_LINE else {
            throw .unreadableCertificate(reason: cause.text)
        }
        return certificates
    }

    static func privateKey(_ text: String) throws(TLSError) -> PrivateKey {
        guard let input = reader(text) else { throw .unreadablePrivateKey(reason: "larger than 1 MiB") }
        defer { BIO_free(input) }
        // A callback that gives no password, or OpenSSL would ask the terminal for one.
        guard let key = PEM_read_bio_PrivateKey(input, nil, { _, _, _, _ in -1 }, nil) else {
            throw .unreadablePrivateKey(reason: OpenSSLErrors.take().text)
        }
        return PrivateKey(key)
    }

    static func text(_ certificate: Certificate) throws(TLSError) -> String {
        guard let output = BIO_new(BIO_s_mem()) else { throw OpenSSLErrors.failure(of: "BIO_new") }
        defer { BIO_free(output) }
        guard PEM_write_bio_X509(output, certificate.pointer) == 1 else {
            throw OpenSSLErrors.failure(of: "PEM_write_bio_X509")
        }
        return contents(output)
    }

    static func text(_ key: PrivateKey) throws(TLSError) -> String {
        guard let output = BIO_new(BIO_s_mem()) else { throw OpenSSLErrors.failure(of: "BIO_new") }
        defer { BIO_free(output) }
        guard PEM_write_bio_PKCS8PrivateKey(output, key.pointer, nil, nil, 0, nil, nil) == 1 else {
            throw OpenSSLErrors.failure(of: "PEM_write_bio_PKCS8PrivateKey")
        }
        return contents(output)
    }

    /// A BIO with a copy of the text; a read-only one would point at memory that Swift may move.
    private static func reader(_ text: String) -> OpaquePointer? {
        let bytes = Array(text.utf8)
        guard bytes.count <= maximumBytes, let bio = BIO_new(BIO_s_mem()) else { return nil }
        guard bytes.isEmpty || BIO_write(bio, bytes, Int32(bytes.count)) == bytes.count else {
            BIO_free(bio)
            return nil
        }
        _ = godwit_BIO_set_mem_eof_return(bio, 0)
        return bio
    }

    private static func contents(_ bio: OpaquePointer) -> String {
        var bytes = [UInt8](repeating: 0, count: godwit_BIO_pending(bio))
        let count = BIO_read(bio, &bytes, Int32(bytes.count))
        return String(decoding: bytes.prefix(Int(max(count, 0))), as: UTF8.self)
    }
}
