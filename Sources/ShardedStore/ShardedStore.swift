import Bitcask
import Synchronization

/// A key-value store of several shards, each one Bitcask directory with one writer thread.
///
/// Any thread may call it. A transaction stays within one shard; what must span two goes through a record in the first.
package final class ShardedStore: Sendable {
    package struct Options: Sendable {
        /// Transactions that may wait for one shard; at least 1.
        package var mailboxLimit: Int
        /// The options of every shard's store.
        package var bitcask: BitcaskOptions

        package init(mailboxLimit: Int = 16_384, bitcask: BitcaskOptions = BitcaskOptions()) {
            self.mailboxLimit = max(mailboxLimit, 1)
            self.bitcask = bitcask
        }
    }

    /// More shards than cores buy nothing; this bounds a slip in the configuration.
    package static let shardCountLimit = 64
    package static let defaultShardCount = 4

    /// 16 random bytes made when the data directory was, the same for ever.
    package let storeID: [UInt8]
    /// The damaged stretches that opening skipped, for a loud log line each.
    package let corruptions: [BitcaskCorruption]
    private let writers: [ShardWriter]
    /// Held until the store is closed.
    private let directory: DataDirectory
    /// Nil when it is closed, or could not be made.
    private let backups = Mutex<BackupSocket?>(nil)

    /// Opens the store in `directory`, creating it when absent.
    package convenience init(
        directory: String, shardCount: Int = ShardedStore.defaultShardCount, options: Options = Options()
    ) throws(StoreError) {
        try self.init(directory: directory, shardCount: shardCount, options: options, fileSystem: PosixFileSystem())
    }

    /// Opens the store on a given disk.
    package init(
        directory path: String, shardCount: Int, options: Options, fileSystem: PosixFileSystem
    ) throws(StoreError) {
        guard (1...Self.shardCountLimit).contains(shardCount) else {
            throw .invalidShardCount(shardCount, limit: Self.shardCountLimit)
        }
        var opened: [ShardWriter] = []
        var corruptions: [BitcaskCorruption] = []
        do throws(BitcaskError) {
            directory = try DataDirectory(path)
        } catch {
            throw StoreError(opening: error)
        }
        storeID = try StoreMetadata.claim(directory, shardCount: shardCount).storeID
        for index in 0..<shardCount {
            do throws(BitcaskError) {
                let store = try Bitcask(
                    directory: "\(path)/\(ShardIndex(index))", options: options.bitcask, fileSystem: fileSystem)
                corruptions += store.corruptions
                opened.append(ShardWriter(store: store, mailboxLimit: options.mailboxLimit))
            } catch {
                throw StoreError(opening: error)
            }
        }
        writers = opened
        self.corruptions = corruptions
        do throws(StoreError) {
            for writer in writers { try writer.start() }
        } catch {
            close()
            throw error
        }
        // Weak: the socket's thread ends with `close`, and must not keep a store alive that was forgotten.
        let socket = BackupSocket(directory: path) { [weak self] target, progress throws(StoreError) in
            guard let self else { throw .closed }
            try self.backup(to: target, progress: progress)
        }
        backups.withLock { $0 = socket }
    }

    /// The shards' stores.
    var stores: [Bitcask] { writers.map(\.store) }

    /// How many shards there are.
    package var shardCount: Int { writers.count }

    /// The shard that owns `key`; the same for ever.
    package func shard(for key: some Sequence<UInt8>) -> ShardIndex {
        ShardIndex(Int(ShardHash.hash(key) % UInt64(writers.count)))
    }

    /// The shard that owns the UTF-8 bytes of `key`.
    package func shard(for key: String) -> ShardIndex {
        shard(for: key.utf8)
    }

    /// Runs `body` on the shard's one writer thread, then `completion`.
    ///
    /// Writes of `body` commit together, and only when it returns. `completion` runs on the writer thread, in the order
    /// of the calls, after the sync that made this transaction (and every write it may have read) durable. A refusal
    /// that needs no thread (`overloaded`, `closed`) completes at once on the caller's. Neither closure may block.
    package func perform<R: Sendable>(
        on shard: ShardIndex, _ body: @escaping @Sendable (inout ShardTransaction) throws -> R,
        completion: @escaping @Sendable (Result<R, StoreError>) -> Void
    ) {
        writers[shard.value].perform(Job(body: body, completion: completion))
    }

    /// The value of a key as it is now, from any thread and without waiting for the shard's writer. It may not be durable yet.
    package func get(_ key: [UInt8], on shard: ShardIndex) throws(StoreError) -> [UInt8]? {
        do {
            return try writers[shard.value].store.get(key)
        } catch {
            throw .storage(error)
        }
    }

    /// Damaged stretches of one shard, those that the scrubber has met since opening among them.
    package func corruptions(of shard: ShardIndex) -> [BitcaskCorruption] {
        writers[shard.value].store.corruptions
    }

    /// Figures of one shard.
    package func statistics(of shard: ShardIndex) -> BitcaskStatistics {
        writers[shard.value].statistics
    }

    /// Finishes what was accepted, then closes every shard; further calls of `perform` complete with `closed`.
    ///
    /// Blocks until the writer threads have ended; called once, and not from a completion.
    package func close() {
        let socket = backups.withLock { socket in
            defer { socket = nil }
            return socket
        }
        socket?.close()
        for writer in writers { writer.close() }
        for writer in writers { writer.join() }
        directory.release()
    }
}
