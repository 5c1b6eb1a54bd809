import COpenSSL
import Glibc

/// Builds the certificate of a fresh server key.
enum SelfSignedCertificate {
    private static let day: Int64 = 86_400
    /// Ten years: the pin is what clients trust, so a change of certificate would protect nobody.
    private static let validityDays: Int64 = 3_650

    static func make(commonName: String, key: PrivateKey, now: Int64) throws(TLSError) -> Certificate {
        guard let rawCertificate = X509_new() else { throw OpenSSLErrors.failure(of: "X509_new") }
        let certificate = Certificate(rawCertificate)
        var serial: UInt64 = 0
        guard withUnsafeMutableBytes(of: &serial, { RAND_bytes($0.baseAddress, Int32($0.count)) }) == 1 else {
            throw OpenSSLErrors.failure(of: "RAND_bytes")
        }
        // A serial number is positive (RFC 5280 section 4.1.2.2).
        serial = serial >> 1 | 1
        let name = X509_get_subject_name(rawCertificate)
        let alternative = alternativeName(commonName)
        // Version 3 is written as 2.
        guard X509_set_version(rawCertificate, 2) == 1,
            ASN1_INTEGER_set_uint64(X509_get_serialNumber(rawCertificate), serial) == 1,
            ASN1_TIME_set(X509_getm_notBefore(rawCertificate), time_t(now - day)) != nil,
            ASN1_TIME_set(X509_getm_notAfter(rawCertificate), time_t(now - day + validityDays * day)) != nil,
            X509_set_pubkey(rawCertificate, key.pointer) == 1,
            X509_NAME_add_entry_by_txt(
                name, "CN", MBSTRING_UTF8, Array(commonName.utf8), Int32(commonName.utf8.count), -1, 0) == 1,
            X509_set_issuer_name(rawCertificate, name) == 1,
            godwit_X509_add_subject_alt_name(
                rawCertificate, alternative.isAddress ? 1 : 0, alternative.bytes, Int32(alternative.bytes.count)) == 1,
            X509_sign(rawCertificate, key.pointer, EVP_sha256()) > 0
        else { throw OpenSSLErrors.failure(of: "X509_sign") }
        return certificate
    }

    private static func alternativeName(_ name: String) -> (isAddress: Bool, bytes: [UInt8]) {
        var address = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, name, &address) == 1 { return (true, Array(address.prefix(4))) }
        if inet_pton(AF_INET6, name, &address) == 1 { return (true, address) }
        return (false, Array(name.utf8))
    }
}
