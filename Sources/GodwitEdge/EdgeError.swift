/// Why an edge did not start, with the facts that a person needs to act on it.
package enum EdgeError: Error, Sendable, Equatable {
    package enum Transport: String, Sendable { case udp, tcp }

    /// Another process listens there.
    case addressInUse(Transport, address: String)
    /// The port needs more rights than the process has.
    case noPermissionToListen(Transport, address: String)
    /// The host names no address of this machine, or none at all.
    case cannotListen(Transport, address: String, reason: String)
    /// More loops than connection IDs can name, or none.
    case loopCount(Int, limit: Int)
    /// A file of the server's identity is there without the other.
    case incompleteIdentity(present: String, missing: String)
    /// A file of the identity could not be read, made or written.
    case identityFile(path: String, reason: String)
    /// The identity's content is no key pair.
    case badIdentity(directory: String, reason: String)
    /// There is no identity where one was expected.
    case noIdentity(directory: String)
    /// The file with the secret of the tickets cannot be used.
    case ticketSecret(path: String, reason: String)
    /// The file with the key of the connection IDs cannot be used.
    case connectionIDKey(path: String, reason: String)
    /// TLS could not be set up.
    case tls(reason: String)
}

extension EdgeError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .addressInUse(let transport, let address):
            return "cannot listen on \(transport.rawValue) \(address): address in use; another godwit? choose --listen"
        case .noPermissionToListen(let transport, let address):
            return """
                cannot listen on \(transport.rawValue) \(address): no permission; ports below 1024 need the capability \
                CAP_NET_BIND_SERVICE, or choose --listen with a higher port
                """
        case .cannotListen(let transport, let address, let reason):
            return """
                cannot listen on \(transport.rawValue) \(address): \(reason); choose --listen with an address of this \
                machine
                """
        case .loopCount(let count, let limit):
            return "\(count) event loops cannot be had; choose 1 to \(limit)"
        case .incompleteIdentity(let present, let missing):
            return """
                \(present) is there but \(missing) is not; restore it, or move \(present) away to make a new identity \
                (clients then need the new pin)
                """
        case .identityFile(let path, let reason):
            return "\(path): \(reason); check the path and who owns it"
        case .badIdentity(let directory, let reason):
            return "the identity in \(directory) cannot be used: \(reason)"
        case .noIdentity(let directory):
            return "there is no identity in \(directory); start `godwit serve` once, or check --data"
        case .ticketSecret(let path, let reason):
            return """
                tickets.secret_file: \(path): \(reason); make one with `openssl rand -hex 32`, or leave the key empty
                """
        case .connectionIDKey(let path, let reason):
            return """
                datagram.connection_ids.key_file: \(path): \(reason); make one with `openssl rand -hex 16` and give it to the load \
                balancers as well
                """
        case .tls(let reason):
            return "TLS cannot be set up: \(reason)"
        }
    }
}
