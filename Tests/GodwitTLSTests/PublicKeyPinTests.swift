import GodwitTLS
import Testing

@Suite struct PublicKeyPinTests {
    @Test("a pin written and read is the same, with and without its prefix")
    func roundTrip() throws {
        let pin = try TLSPair.identity.get().pin
        #expect(pin.description.utf8.count == 43)
        let plain = try PublicKeyPin(parsing: pin.description)
        let prefixed = try PublicKeyPin(parsing: "sha256/" + pin.description)
        #expect(plain == pin)
        #expect(prefixed == pin)
    }

    @Test("standard base64 with padding, as openssl prints it, is understood")
    func standardBase64() throws {
        let text = "sha256/+/" + String(repeating: "A", count: 41) + "="
        let pin = try PublicKeyPin(parsing: text)
        #expect(pin.digest.prefix(2) == [0xfb, 0xf0])
        #expect(pin.description.hasPrefix("-_A"))
    }

    @Test(
        "what is not base64 is refused",
        arguments: ["*", "sha256/ä", "a b", "A", "AB", String(repeating: "B", count: 43)])
    func notBase64(text: String) {
        #expect(throws: TLSError.invalidPin(text: text, reason: .notBase64)) { try PublicKeyPin(parsing: text) }
    }

    @Test("a pin of another length is refused with its length")
    func wrongLength() {
        #expect(throws: TLSError.invalidPin(text: "", reason: .wrongLength(bytes: 0))) { try PublicKeyPin(parsing: "") }
        #expect(throws: TLSError.invalidPin(text: "AAAA", reason: .wrongLength(bytes: 3))) {
            try PublicKeyPin(parsing: "AAAA")
        }
    }
}
