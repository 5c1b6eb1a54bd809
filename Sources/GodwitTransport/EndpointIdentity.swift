import GodwitTLS
import GodwitWire

/// What makes a server's endpoints recognisable: to its clients after a restart, by keys that must outlive the process, and to load
/// balancers. All loops of a server have the same; no two servers may (RFC 9000 §21.11: one would answer for connections that
/// live on the other).
package struct EndpointIdentity: Sendable, Equatable {
    /// Bytes of the secret that all keys come from.
    package static let secretLength = 32

    /// nil for a server that clients reach directly.
    package var routing: ConnectionIDRouting?

    private let secret: [UInt8]

    /// - Parameter secret: at least 32 unpredictable bytes.
    package init(secret: [UInt8]) { self.secret = secret }

    /// For a server whose clients must find out by themselves that it was started again.
    package static func ephemeral(_ random: RandomSource) -> EndpointIdentity {
        EndpointIdentity(secret: random.bytes(secretLength))
    }

    func key(_ purpose: Purpose) throws(TLSError) -> [UInt8] {
        try KeyDerivation.hkdfExpandLabel(secret: secret, label: purpose.rawValue, length: purpose.keyLength)
    }

    enum Purpose: String {
        case statelessReset = "godwit reset"
        case connectionID = "godwit id"
        case loopIndex = "godwit loop"
        case addressToken = "godwit token"
        case addressTokenCipher = "godwit token cipher"

        fileprivate var keyLength: Int {
            switch self {
            case .statelessReset, .loopIndex, .addressToken: KeyDerivation.digestLength
            case .connectionID, .addressTokenCipher: BlockCipher.keyLength
            }
        }
    }
}
