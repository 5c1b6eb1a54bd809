import COpenSSL
import IMMessages
import SwiftProtobuf

/// Login tokens: who, which device, until when; signed with HMAC-SHA256, so that only the server can make one.
///
/// ```
/// ┌─────────┬─────────────┬──────────────────────────────┬──────────────┐
/// │ 1 (1 B) │ key id (4 B)│ `Token` of im-store.proto    │ MAC (32 B)   │   MAC over all before it
/// └─────────┴─────────────┴──────────────────────────────┴──────────────┘
/// ```
struct TokenSigner: Sendable {
    static let keyBytes = 32
    /// Far more than a token with the longest names needs.
    static let tokenBytesMax = 512
    private static let version: UInt8 = 1
    private static let headerBytes = 5
    private static let macBytes = 32

    private let keyID: UInt32
    private let key: [UInt8]

    init(keyID: UInt32, key: [UInt8]) {
        self.keyID = keyID
        self.key = key
    }

    /// Nil when OpenSSL has no memory.
    func sign(_ token: StoredToken) -> [UInt8]? {
        guard let body: [UInt8] = try? token.serializedBytes() else { return nil }
        let signed = header + body
        return mac(signed).map { signed + $0 }
    }

    /// The content of a token that this key signed; its expiry is the caller's to judge.
    func verify(_ token: [UInt8]) -> StoredToken? {
        guard (Self.headerBytes + Self.macBytes...Self.tokenBytesMax).contains(token.count) else { return nil }
        let signed = Array(token.dropLast(Self.macBytes))
        let presented = Array(token.suffix(Self.macBytes))
        guard signed.starts(with: header), let expected = mac(signed),
            CRYPTO_memcmp(presented, expected, Self.macBytes) == 0
        else { return nil }
        return try? StoredToken(serializedBytes: Array(signed.dropFirst(Self.headerBytes)))
    }

    private var header: [UInt8] {
        [Self.version] + (0..<4).map { UInt8(truncatingIfNeeded: keyID >> (24 - 8 * UInt32($0))) }
    }

    private func mac(_ bytes: [UInt8]) -> [UInt8]? {
        var mac = [UInt8](repeating: 0, count: Self.macBytes)
        var length: UInt32 = 0
        guard HMAC(EVP_sha256(), key, Int32(key.count), bytes, bytes.count, &mac, &length) != nil,
            Int(length) == Self.macBytes
        else { return nil }
        return mac
    }
}
