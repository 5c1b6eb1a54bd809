import COpenSSL
import Glibc

/// The server's key and certificate: P-256, self-signed, with a subject alternative name.
///
/// Clients trust the key by its pin, so the certificate is only the key's envelope; it is kept small because it must fit in
/// three times the client's first datagram.
package struct ServerIdentity: Sendable {
    /// The leaf first, then any intermediate certificates.
    package let certificateChainPEM: String
    /// PKCS #8, not encrypted: store it readable by its owner only.
    package let privateKeyPEM: String
    package let pin: PublicKeyPin
    /// The end of the certificate's validity, in seconds since 1970.
    package let notAfter: Int64

    /// Reads a key pair back, and checks that its parts belong together.
    package init(certificateChainPEM: String, privateKeyPEM: String) throws(TLSError) {
        let key = try PEM.privateKey(privateKeyPEM)
        let certificates = try PEM.certificates(certificateChainPEM)
        guard let leaf = certificates.first, let pin = PublicKeyPin(certificate: leaf.pointer) else {
            throw .unreadableCertificate(reason: "no certificate in it")
        }
        guard X509_check_private_key(leaf.pointer, key.pointer) == 1 else {
            ERR_clear_error()
            throw .keyDoesNotMatchCertificate
        }
        var end = tm()
        guard ASN1_TIME_to_tm(X509_get0_notAfter(leaf.pointer), &end) == 1 else {
            throw .unreadableCertificate(reason: OpenSSLErrors.take().text)
        }
        self.certificateChainPEM = certificateChainPEM
        self.privateKeyPEM = privateKeyPEM
        self.pin = pin
        self.notAfter = Int64(timegm(&end))
    }

    /// Makes a new key and a certificate for it that is valid for 10 years from a day before `now`.
    ///
    /// - Parameters:
    ///   - commonName: a host name or an IP address, 1...64 bytes of visible ASCII.
    ///   - now: seconds since 1970; the simulator gives its own.
    package static func generate(commonName: String, now: Int64 = Int64(time(nil))) throws(TLSError) -> ServerIdentity {
        guard (1...64).contains(commonName.utf8.count), commonName.utf8.allSatisfy({ (0x21...0x7e).contains($0) })
        else {
            throw .invalidCommonName(commonName)
        }
        guard let rawKey = godwit_EVP_EC_gen("P-256") else { throw OpenSSLErrors.failure(of: "EVP_EC_gen") }
        let key = PrivateKey(rawKey)
        let certificate = try SelfSignedCertificate.make(commonName: commonName, key: key, now: now)
        return try ServerIdentity(certificateChainPEM: PEM.text(certificate), privateKeyPEM: PEM.text(key))
    }
}
