import GodwitTLS

/// The server's key and certificate in `tls/` of the data directory.
package struct IdentityFiles: Sendable {
    private let directory: String
    private var keyPath: String { directory + "/server.key" }
    private var certificatePath: String { directory + "/server.crt" }

    /// The name in the certificate. Clients check the key's pin and never this.
    private static let commonName = "godwit"
    /// A PEM file of a key or a chain has a few kilobytes.
    private static let fileBytesMax = 64 * 1024

    package init(dataDirectory: String) {
        directory = dataDirectory + "/tls"
    }

    /// The identity that is there; nil when neither file is.
    package func load() throws(EdgeError) -> ServerIdentity? {
        let key = try read(keyPath)
        let certificate = try read(certificatePath)
        switch (key, certificate) {
        case (nil, nil):
            return nil
        case (nil, .some):
            throw .incompleteIdentity(present: certificatePath, missing: keyPath)
        case (.some, nil):
            throw .incompleteIdentity(present: keyPath, missing: certificatePath)
        case (let key?, let certificate?):
            do throws(TLSError) {
                return try ServerIdentity(certificateChainPEM: certificate, privateKeyPEM: key)
            } catch {
                throw .badIdentity(directory: directory, reason: error.description)
            }
        }
    }

    /// The identity that is there, or a new one, which is then there.
    package func loadOrMake() throws(EdgeError) -> (identity: ServerIdentity, isNew: Bool) {
        if let identity = try load() { return (identity, false) }
        let identity: ServerIdentity
        do throws(TLSError) {
            identity = try ServerIdentity.generate(commonName: Self.commonName)
        } catch {
            throw .tls(reason: error.description)
        }
        try write(identity)
        return (identity, true)
    }

    private func write(_ identity: ServerIdentity) throws(EdgeError) {
        var path = directory
        do throws(WholeFile.Failure) {
            try WholeFile.makeDirectory(directory, mode: 0o700)
            path = certificatePath
            try WholeFile.create(certificatePath, text: identity.certificateChainPEM, mode: 0o644)
            path = keyPath
            try WholeFile.create(keyPath, text: identity.privateKeyPEM, mode: 0o600)
            path = directory
            try WholeFile.sync(directory: directory)
        } catch {
            throw .identityFile(path: path, reason: error.reason)
        }
    }

    private func read(_ path: String) throws(EdgeError) -> String? {
        do throws(WholeFile.Failure) {
            return try WholeFile.read(path, limit: Self.fileBytesMax)
        } catch {
            throw .identityFile(path: path, reason: error.reason)
        }
    }
}
