import ShardedStore

/// Why the core does not start.
package enum IMServiceError: Error, Sendable {
    case store(StoreError)
    /// The operating system gave no random bytes for the token key.
    case noRandomness
    /// The stored token key has the wrong length.
    case damagedTokenKey
    case invalidPasswordCost(PasswordCost)
}

extension IMServiceError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .store(let error): return error.description
        case .noRandomness:
            return "the operating system gives no random bytes; look at /dev/urandom and at OpenSSL's configuration"
        case .damagedTokenKey:
            return "the key that signs login tokens is damaged; restore the data directory from a backup"
        case .invalidPasswordCost(let cost):
            return
                "the password cost (log2 N \(cost.log2N), r \(cost.blockSize), p \(cost.parallelism)) is out of range; log2 N is 1 to 20, r 1 to 32, p 1 to 16"
        }
    }
}
