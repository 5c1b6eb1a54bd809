import Bitcask
import Dispatch
import ShardedStore
import StoreBench
import Synchronization

/// Godwit's own store with its defaults. Synced writes go through the group commit of one shard; everything else has the
/// store for itself under a lock, since it has one owner at a time.
///
/// `@unchecked Sendable`: `store` is used with `lock` held.
final class BitcaskEngine: StoreEngine, @unchecked Sendable {
    static let all: [String: any StoreEngine.Type] = ["bitcask": BitcaskEngine.self]
    private static let shard = ShardIndex(0)
    private static let mergeEvery = 256

    private let lock = Mutex(0)
    private let store: Bitcask?
    private let shards: ShardedStore?
    private let merges: Bool

    init(directory: String, purpose: StorePurpose) throws {
        var options = BitcaskOptions()
        // Files an eighth of the data set, as a large store has them.
        if purpose == .overwriting { options.maximumFileBytes = 32 << 20 }
        merges = purpose == .overwriting
        if purpose == .puts(.synced) {
            store = nil
            shards = try ShardedStore(
                directory: directory, shardCount: 1, options: ShardedStore.Options(bitcask: options))
        } else {
            store = try Bitcask(directory: directory, options: options)
            shards = nil
        }
    }

    func put(_ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ durability: StoreDurability) throws {
        let (key, value) = (Array(key), Array(value))
        if let shards { return try put(key, value, in: shards) }
        try lock.withLock { count in
            try store?.put(key, value)
            count += 1
            if merges, count % Self.mergeEvery == 0 { _ = try store?.maintain() }
        }
    }

    private func put(_ key: [UInt8], _ value: [UInt8], in shards: ShardedStore) throws {
        let done = DispatchSemaphore(value: 0)
        let outcome = Mutex<Result<Void, StoreError>>(.failure(.closed))
        shards.perform(on: Self.shard) {
            $0.put(key, value)
        } completion: { result in
            outcome.withLock { $0 = result }
            done.signal()
        }
        done.wait()
        try outcome.withLock { $0 }.get()
    }

    func load(_ entries: some Sequence<(key: [UInt8], value: [UInt8])>) throws {
        for entry in entries { try store?.put(entry.key, entry.value) }
    }

    func reader() throws {}
    func finish(_: Void) {}

    func get<R>(
        _ key: UnsafeRawBufferPointer, with _: Void, _ body: (UnsafeRawBufferPointer) -> R
    ) throws -> R? {
        try store?.get(Array(key)).map { $0.withUnsafeBytes(body) }
    }

    func settle() throws { try lock.withLock { _ in try store?.merge() } }

    var cleaningProgress: UInt64? { lock.withLock { _ in store?.statistics.merges } }

    func close() throws {
        try store?.close()
        shards?.close()
    }
}
