import COpenSSL

/// SHA-256 of a certificate's DER SubjectPublicKeyInfo (the pin of RFC 7469 section 2.4), written base64url without padding.
///
/// A client that knows the pin needs no certificate authority and no correct clock.
package struct PublicKeyPin: Hashable, Sendable, CustomStringConvertible {
    /// SHA-256 has 32 bytes.
    package static let byteCount = 32

    package let digest: [UInt8]

    /// Reads what `description` writes; a `sha256/` in front and the standard base64 alphabet are accepted as well.
    package init(parsing text: String) throws(TLSError) {
        let prefix = "sha256/"
        let encoded = text.hasPrefix(prefix) ? text.dropFirst(prefix.count) : Substring(text)
        guard let digest = Base64URL.decode(encoded) else { throw .invalidPin(text: text, reason: .notBase64) }
        guard digest.count == Self.byteCount else {
            throw .invalidPin(text: text, reason: .wrongLength(bytes: digest.count))
        }
        self.digest = digest
    }

    /// The pin of an X509 certificate, or nil when its key cannot be encoded.
    init?(certificate: OpaquePointer) {
        var digest = [UInt8](repeating: 0, count: Self.byteCount)
        guard godwit_X509_public_key_digest(certificate, &digest) == 1 else { return nil }
        self.digest = digest
    }

    package var description: String { Base64URL.encode(digest) }
}
