import GodwitTLS
import GodwitTransport
import GodwitWire

/// The secret in `tls/` of the data directory that makes a restarted server known to the clients of its last life. Each server
/// makes its own: two servers with the same would end each other's connections (RFC 9000 §21.11).
package struct TransportSecret: Sendable {
    private let directory: String
    private var path: String { directory + "/transport.secret" }

    /// In characters.
    private static let minimumLength = 32
    private static let maximumLength = 4_096

    package init(dataDirectory: String) {
        directory = dataDirectory + "/tls"
    }

    /// What is there, or a new one, which is then there.
    package func loadOrMake() throws(EdgeError) -> EndpointIdentity {
        let text: String
        do throws(WholeFile.Failure) {
            if let kept = try WholeFile.read(path, limit: Self.maximumLength) {
                text = kept
            } else {
                text = try make()
            }
        } catch {
            throw .identityFile(path: path, reason: error.reason)
        }
        let secret = text.trimmingSuffix(while: \.isNewline)
        guard secret.utf8.count >= Self.minimumLength else {
            throw .identityFile(path: path, reason: "it has fewer than \(Self.minimumLength) characters")
        }
        return EndpointIdentity(secret: KeyDerivation.sha256(Array(secret.utf8)))
    }

    private func make() throws(WholeFile.Failure) -> String {
        let text = RandomSource.system.bytes(EndpointIdentity.secretLength).map { byte in
            (byte < 16 ? "0" : "") + String(byte, radix: 16)
        }.joined()
        try WholeFile.makeDirectory(directory, mode: 0o700)
        try WholeFile.create(path, text: text + "\n", mode: 0o600)
        try WholeFile.sync(directory: directory)
        return text
    }
}

extension String {
    fileprivate func trimmingSuffix(while predicate: (Character) -> Bool) -> Substring {
        var trimmed = self[...]
        while let last = trimmed.last, predicate(last) { trimmed.removeLast() }
        return trimmed
    }
}
