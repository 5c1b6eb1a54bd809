import GodwitTLS
import Testing

@Suite struct KeyDerivationTests {
    @Test("HKDF gives RFC 5869's first and third test vector")
    func rfc5869() throws {
        let material = [UInt8](repeating: 0x0b, count: 22)
        let key = try KeyDerivation.hkdfExtract(salt: hex("000102030405060708090a0b0c"), inputKeyMaterial: material)
        #expect(key == hex("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5"))
        let output = try KeyDerivation.hkdfExpand(key: key, info: hex("f0f1f2f3f4f5f6f7f8f9"), length: 42)
        #expect(
            output
                == hex("3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865"))

        let unsalted = try KeyDerivation.hkdfExtract(salt: [], inputKeyMaterial: material)
        #expect(unsalted == hex("19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04"))
        let plain = try KeyDerivation.hkdfExpand(key: unsalted, info: [], length: 42)
        #expect(
            plain
                == hex("8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8"))
    }

    @Test("HKDF-Expand-Label gives the keys of RFC 9001 appendix A.1")
    func rfc9001() throws {
        let initial = try KeyDerivation.hkdfExtract(
            salt: hex("38762cf7f55934b34d179ae6a4c80cadccbb7f0a"), inputKeyMaterial: hex("8394c8f03e515708"))
        #expect(initial == hex("7db5df06e7a69e432496adedb00851923595221596ae2ae9fb8115c1e9ed0a44"))
        let client = try KeyDerivation.hkdfExpandLabel(secret: initial, label: "client in", length: 32)
        #expect(client == hex("c00cf151ca5be075ed0ebfb5c80323c42d6b7db67881289af4008f1f6c357aea"))
        let server = try KeyDerivation.hkdfExpandLabel(secret: initial, label: "server in", length: 32)
        #expect(server == hex("3c199828fd139efd216c155ad844cc81fb82fa8d7446fa7d78be803acdda951b"))
        for (secret, key, iv, hp) in [
            (
                client, "1f369613dd76d5467730efcbe3b1a22d", "fa044b2f42a3fd3b46fb255c",
                "9f50449e04a0e810283a1e9933adedd2"
            ),
            (
                server, "cf3a5331653c364c88f0f379b6067e37", "0ac1493ca1905853b0bba03e",
                "c206b8d9b9f0f37644430b490eeaa314"
            ),
        ] {
            let derivedKey = try KeyDerivation.hkdfExpandLabel(secret: secret, label: "quic key", length: 16)
            let derivedIV = try KeyDerivation.hkdfExpandLabel(secret: secret, label: "quic iv", length: 12)
            let derivedHP = try KeyDerivation.hkdfExpandLabel(secret: secret, label: "quic hp", length: 16)
            #expect(derivedKey == hex(key))
            #expect(derivedIV == hex(iv))
            #expect(derivedHP == hex(hp))
        }
    }

    @Test("impossible lengths and labels are errors")
    func impossible() {
        let secret = [UInt8](repeating: 1, count: 32)
        for length in [-1, 0, 8_161, Int.max] {
            #expect(throws: TLSError.invalidDerivation) {
                try KeyDerivation.hkdfExpandLabel(secret: secret, label: "x", length: length)
            }
        }
        #expect(throws: TLSError.invalidDerivation) {
            try KeyDerivation.hkdfExpandLabel(secret: secret, label: String(repeating: "x", count: 250), length: 16)
        }
        #expect(throws: TLSError.invalidDerivation) {
            try KeyDerivation.hkdfExpandLabel(
                secret: secret, label: "x", context: [UInt8](repeating: 0, count: 256), length: 16)
        }
    }

    @Test("SHA-256 and HMAC give the values of FIPS 180-4 and RFC 4231")
    func digests() throws {
        #expect(
            KeyDerivation.sha256(Array("abc".utf8))
                == hex("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"))
        let code = try KeyDerivation.hmacSHA256(
            key: Array("Jefe".utf8), message: Array("what do ya want for nothing?".utf8))
        #expect(code == hex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843"))
    }

    @Test("comparing in constant time agrees with comparing")
    func constantTime() {
        let secret: [UInt8] = [1, 2, 3, 4]
        #expect(KeyDerivation.constantTimeEqual(secret, [1, 2, 3, 4]))
        #expect(KeyDerivation.constantTimeEqual([], []))
        #expect(!KeyDerivation.constantTimeEqual(secret, [1, 2, 3, 5]))
        #expect(!KeyDerivation.constantTimeEqual(secret, [0, 2, 3, 4]))
        #expect(!KeyDerivation.constantTimeEqual(secret, [1, 2, 3]))
    }

    @Test("the first packets' secrets depend on the connection ID and differ by direction")
    func initialSecrets() throws {
        let one = try InitialSecrets.derive(connectionID: hex("8394c8f03e515708"))
        let again = try InitialSecrets.derive(connectionID: hex("8394c8f03e515708"))
        let other = try InitialSecrets.derive(connectionID: hex("8394c8f03e515709"))
        #expect(one.client == again.client && one.server == again.server)
        #expect(one.client != one.server)
        #expect(one.client != other.client)
        // A change of salt or label would part old clients from new servers.
        #expect(one.client == hex("5c989f46e9f2013d131132f1f95d56c28cf9bbce501ffeb42e24a3bb11729d95"))
        #expect(one.server == hex("f3701a15e11265b1a174664494baaec56d2ef8ba3eb04ee3d2def26aed8d0466"))
    }
}
