import GodwitTLS
import GodwitWire
import NIOCore

/// Tokens by which a client proves, without the server remembering it, that it received what was sent to its address
/// (RFC 9000 §8.1.2). A token is a connection ID: the client's next first packets go to it, so no packet needs a field for it.
///
///     11110011  code (11 bytes)  expiry (4 bytes)  unpredictable bytes (4)
///
/// The code is HMAC-SHA-256 over expiry, unpredictable bytes and the client's address, cut short; the 8 bytes behind it are encrypted under it, so
/// that no two tokens have anything in common.
final class AddressTokens {
    /// Bytes of a token.
    static let length = ConnectionID.maximumLength
    /// A client answers a Retry within a few round trips, of which the worst take seconds.
    static let lifetime = TimeAmount.seconds(10)

    /// As no load balancer's configuration has it (draft-ietf-quic-load-balancers-21 §3.2): the address says where the packet goes.
    private static let firstOctet: UInt8 = 0xe0 | UInt8(length - 1)
    private static let codeLength = 11

    private let key: [UInt8]
    private let cipher: BlockCipher
    private let random: RandomSource

    init(identity: EndpointIdentity, random: RandomSource) throws(TLSError) {
        key = try identity.key(.addressToken)
        cipher = try BlockCipher(key: identity.key(.addressTokenCipher))
        self.random = random
    }

    /// nil only when the cipher fails.
    func make(for address: Address, now: NIODeadline) -> ConnectionID? {
        let body = Self.bytes(Self.seconds(now + Self.lifetime)) + random.bytes(4)
        guard let code = code(of: body, address), let masked = mask(body, under: code) else { return nil }
        return ConnectionID([Self.firstOctet] + code + masked)
    }

    /// Whether a client's chosen ID is a token for its address that has not expired.
    func accept(_ id: ConnectionID, from address: Address, now: NIODeadline) -> Bool {
        guard id.count == Self.length else { return false }
        let bytes = id.bytes
        guard bytes[0] == Self.firstOctet else { return false }
        let presented = Array(bytes[1...Self.codeLength])
        guard let body = mask(Array(bytes[(1 + Self.codeLength)...]), under: presented),
            let code = code(of: body, address), KeyDerivation.constantTimeEqual(code, presented)
        else { return false }
        let expiry = body.prefix(4).reduce(UInt32(0)) { $0 << 8 | UInt32($1) }
        // The clock is the machine's: after it was started again, an old token may seem to be of the future.
        return (Self.seconds(now)...Self.seconds(now + Self.lifetime)).contains(expiry)
    }

    private func code(of body: [UInt8], _ address: Address) -> [UInt8]? {
        let message =
            body + Self.bytes(address.high) + Self.bytes(address.low) + Self.bytes(address.port)
        guard let code = try? KeyDerivation.hmacSHA256(key: key, message: message) else { return nil }
        return Array(code.prefix(Self.codeLength))
    }

    private func mask(_ body: [UInt8], under code: [UInt8]) -> [UInt8]? {
        let block = code + [UInt8](repeating: 0, count: BlockCipher.blockLength - code.count)
        return cipher.encrypt(block).map { mask in zip(body, mask).map { $0 ^ $1 } }
    }

    private static func seconds(_ time: NIODeadline) -> UInt32 {
        UInt32(truncatingIfNeeded: time.uptimeNanoseconds / 1_000_000_000)
    }

    private static func bytes(_ number: some FixedWidthInteger) -> [UInt8] {
        withUnsafeBytes(of: number.bigEndian) { Array($0) }
    }
}
