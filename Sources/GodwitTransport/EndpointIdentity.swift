import GodwitTLS
import GodwitWire

/// What makes a server's endpoints recognisable after a restart: keys that must outlive the process. All loops of a server have the
/// same; no two servers may (RFC 9000 §21.11: one would answer for connections that live on the other).
package struct EndpointIdentity: Sendable, Equatable {
    /// Bytes of the secret that all keys come from.
    package static let secretLength = 32

    private let secret: [UInt8]

    /// - Parameter secret: at least 32 unpredictable bytes.
    package init(secret: [UInt8]) { self.secret = secret }

    /// For a server whose clients must find out by themselves that it was started again.
    package static func ephemeral(_ random: RandomSource) -> EndpointIdentity {
        EndpointIdentity(secret: random.bytes(secretLength))
    }

    func key(_ purpose: Purpose, length: Int = KeyDerivation.digestLength) throws(TLSError) -> [UInt8] {
        try KeyDerivation.hkdfExpandLabel(secret: secret, label: purpose.rawValue, length: length)
    }

    enum Purpose: String {
        case statelessReset = "godwit reset"
    }
}
