import Bitcask

/// Why the sharded store refused to open or a transaction did not happen.
package enum StoreError: Error, Sendable {
    /// Another process holds the data directory.
    case locked(path: String, pid: Int32?)
    /// The configuration names another number of shards than the data was written with.
    case shardCountMismatch(path: String, stored: Int, configured: Int)
    /// The shard count is out of range.
    case invalidShardCount(Int, limit: Int)
    /// `store.meta` cannot be read as one.
    case damagedMetadata(path: String)
    /// `store.meta` was written by a newer program.
    case unsupportedVersion(path: String, version: Int)
    /// The shard's mailbox is full; try again later.
    case overloaded(limit: Int)
    /// The shard stopped after a failed sync; it takes nothing until the process starts again.
    case shardClosed(reason: String)
    /// The operating system has no thread left for a shard.
    case threadUnavailable(errno: Int32)
    /// The store was closed.
    case closed
    /// The storage below refused, and nothing of the transaction was written.
    case storage(BitcaskError)
    /// The transaction's body threw this, and nothing of it was written.
    case body(any Error)
}

extension StoreError {
    /// What opening a directory ran into; a held lock has its own case.
    init(opening error: BitcaskError) {
        if case .locked(let path, let pid) = error {
            self = .locked(path: path, pid: pid)
        } else {
            self = .storage(error)
        }
    }
}

extension StoreError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .locked(let path, let pid):
            return BitcaskError.locked(path: path, pid: pid).description
        case .shardCountMismatch(let path, let stored, let configured):
            return
                "\(path) holds \(stored) shards but the configuration asks for \(configured); set the shard count to \(stored)"
        case .invalidShardCount(let count, let limit):
            return "\(count) shards cannot be had; choose 1 to \(limit)"
        case .damagedMetadata(let path):
            return "\(path) is damaged; restore it from a backup of the data directory"
        case .unsupportedVersion(let path, let version):
            return "\(path) has format version \(version), which this program does not know; use a newer one"
        case .overloaded(let limit):
            return "the shard already has \(limit) transactions waiting; try again later"
        case .shardClosed(let reason):
            return "the shard is closed: \(reason)"
        case .threadUnavailable(let errno):
            return "no thread for a shard (errno \(errno)); raise the process's limit of threads"
        case .closed:
            return "the store is closed"
        case .storage(let error):
            return error.description
        case .body(let error):
            return "the transaction failed: \(error)"
        }
    }
}
