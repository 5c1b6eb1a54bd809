/// The secrets of the first packets, as in RFC 9001 section 5.2.
///
/// They keep nobody out, since everything they come from is on the wire. They tie packets to this protocol version and to one
/// connection attempt, so that stray and damaged datagrams are dropped, and middleboxes cannot settle on the plain bytes.
package enum InitialSecrets {
    /// Version 1's salt: the first 20 bytes of SHA-256("godwit/1 initial").
    static let saltVersion1: [UInt8] = [
        0x41, 0xf3, 0x09, 0x34, 0x3d, 0x2a, 0xb7, 0x1e, 0xf5, 0x51,
        0x61, 0xd9, 0x4c, 0xb1, 0xf0, 0x75, 0x65, 0x19, 0xd8, 0x49,
    ]

    /// The two directions' secrets, from the connection ID that the client chose for its first datagram.
    package static func derive(connectionID: [UInt8]) throws(TLSError) -> (client: [UInt8], server: [UInt8]) {
        let common = try KeyDerivation.hkdfExtract(salt: saltVersion1, inputKeyMaterial: connectionID)
        return (
            client: try KeyDerivation.hkdfExpandLabel(
                secret: common, label: "client in", length: KeyDerivation.digestLength),
            server: try KeyDerivation.hkdfExpandLabel(
                secret: common, label: "server in", length: KeyDerivation.digestLength)
        )
    }
}
