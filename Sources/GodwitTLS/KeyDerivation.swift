import COpenSSL

/// Hashes, message authentication and key derivation, all with SHA-256.
package enum KeyDerivation {
    /// SHA-256 has 32 bytes.
    package static let digestLength = 32

    package static func sha256(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: digestLength)
        _ = SHA256(bytes, bytes.count, &digest)
        return digest
    }

    /// HMAC (RFC 2104) with SHA-256: 32 bytes.
    package static func hmacSHA256(key: [UInt8], message: [UInt8]) throws(TLSError) -> [UInt8] {
        guard let keyLength = Int32(exactly: key.count) else { throw .invalidDerivation }
        var code = [UInt8](repeating: 0, count: digestLength)
        var length: UInt32 = 0
        guard HMAC(EVP_sha256(), key, keyLength, message, message.count, &code, &length) != nil, length == digestLength
        else { throw OpenSSLErrors.failure(of: "HMAC") }
        return code
    }

    /// HKDF-Extract (RFC 5869 section 2.2): a pseudorandom key of 32 bytes.
    package static func hkdfExtract(salt: [UInt8], inputKeyMaterial: [UInt8]) throws(TLSError) -> [UInt8] {
        try hkdf(EVP_KDF_HKDF_MODE_EXTRACT_ONLY, key: inputKeyMaterial, extra: salt, length: digestLength)
    }

    /// HKDF-Expand (RFC 5869 section 2.3); `length` is 1...8,160 bytes.
    package static func hkdfExpand(key: [UInt8], info: [UInt8], length: Int) throws(TLSError) -> [UInt8] {
        guard (1...255 * digestLength).contains(length) else { throw .invalidDerivation }
        return try hkdf(EVP_KDF_HKDF_MODE_EXPAND_ONLY, key: key, extra: info, length: length)
    }

    /// HKDF-Expand-Label (RFC 8446 section 7.1): `label` without its "tls13 " is 1...249 bytes, `context` at most 255.
    package static func hkdfExpandLabel(
        secret: [UInt8], label: String, context: [UInt8] = [], length: Int
    ) throws(TLSError) -> [UInt8] {
        let fullLabel = Array("tls13 ".utf8) + Array(label.utf8)
        guard let labelLength = UInt8(exactly: fullLabel.count), let contextLength = UInt8(exactly: context.count),
            let outputLength = UInt16(exactly: length)
        else { throw .invalidDerivation }
        var info: [UInt8] = [UInt8(outputLength >> 8), UInt8(outputLength & 0xff), labelLength]
        info += fullLabel
        info.append(contextLength)
        info += context
        return try hkdfExpand(key: secret, info: info, length: length)
    }

    /// Compares in a time that depends on the lengths only, so that a secret cannot be guessed byte by byte.
    package static func constantTimeEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
        guard a.count == b.count else { return false }
        return CRYPTO_memcmp(a, b, a.count) == 0
    }

    private static func hkdf(_ mode: Int32, key: [UInt8], extra: [UInt8], length: Int) throws(TLSError) -> [UInt8] {
        var output = [UInt8](repeating: 0, count: length)
        guard godwit_HKDF_SHA256(mode, key, key.count, extra, extra.count, &output, length) == 1 else {
            throw OpenSSLErrors.failure(of: "HKDF")
        }
        return output
    }
}
