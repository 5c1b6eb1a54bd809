import ShardedStore

/// Why a transaction on timelines did not happen.
package enum SyncError: Error, Sendable {
    case store(StoreError)
    /// A record is there and cannot be read.
    case damagedRecord(StoreKey.Kind)
    /// A record could not be written as protobuf.
    case unencodable(StoreKey.Kind)
}

extension SyncError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .store(let error): return error.description
        case .damagedRecord(let kind):
            return "a stored record (\(kind)) is damaged; restore the data directory from a backup"
        case .unencodable(let kind): return "a record (\(kind)) cannot be encoded"
        }
    }
}
