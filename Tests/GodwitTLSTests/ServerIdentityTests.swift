import GodwitTLS
import Testing

@Suite struct ServerIdentityTests {
    @Test("an identity written as PEM and read back has the same pin and works")
    func reload() throws {
        let made = try ServerIdentity.generate(commonName: "127.0.0.1", now: 1_800_000_000)
        let read = try ServerIdentity(
            certificateChainPEM: made.certificateChainPEM, privateKeyPEM: made.privateKeyPEM)
        #expect(read.pin == made.pin)
        #expect(read.notAfter == 1_800_000_000 + (3_650 - 1) * 86_400)
        let pair = try TLSPair(identity: read, pins: [made.pin])
        try pair.client.start()
        try pair.exchange()
        #expect(pair.client.isHandshakeComplete)
    }

    @Test("each identity has its own key")
    func fresh() throws {
        let first = try ServerIdentity.generate(commonName: "a")
        let second = try ServerIdentity.generate(commonName: "a")
        #expect(first.pin != second.pin)
    }

    @Test("the key of another certificate is refused")
    func mismatch() throws {
        let first = try ServerIdentity.generate(commonName: "a")
        let second = try ServerIdentity.generate(commonName: "a")
        #expect(throws: TLSError.keyDoesNotMatchCertificate) {
            try ServerIdentity(
                certificateChainPEM: first.certificateChainPEM, privateKeyPEM: second.privateKeyPEM)
        }
    }

    @Test("text that is no certificate gives an error that says what to do")
    func garbageCertificate() throws {
        let good = try TLSPair.identity.get()
        let certificate = good.certificateChainPEM
        for text in [
            "", "garbage", String(certificate.prefix(200)), certificate + "-----BEGIN CERTIFICATE-----\nAAAA\n",
            certificate.replacing("MII", with: "AAA"), String(repeating: "x", count: (1 << 20) + 1),
        ] {
            #expect {
                try ServerIdentity(certificateChainPEM: text, privateKeyPEM: good.privateKeyPEM)
            } throws: { error in
                guard case .unreadableCertificate = error as? TLSError else { return false }
                return "\(error)".contains("server.crt")
            }
        }
    }

    @Test("text that is no key gives an error that says what to do")
    func garbageKey() throws {
        let good = try TLSPair.identity.get()
        for text in ["", "garbage", String(good.privateKeyPEM.prefix(100)), good.certificateChainPEM] {
            #expect {
                try ServerIdentity(certificateChainPEM: good.certificateChainPEM, privateKeyPEM: text)
            } throws: { error in
                guard case .unreadablePrivateKey = error as? TLSError else { return false }
                return "\(error)".contains("server.key")
            }
        }
    }

    @Test(
        "a name that cannot stand in a certificate is refused",
        arguments: ["", "with space", "nul\0", "ümlaut", String(repeating: "x", count: 65)])
    func badName(name: String) {
        #expect(throws: TLSError.invalidCommonName(name)) { try ServerIdentity.generate(commonName: name) }
    }
}
