import Foundation
import IMSync
import ShardedStore
import Synchronization

/// A real store in a directory of its own, with transactions to wait for.
final class TemporaryStore: Sendable {
    let directory: String
    let store: ShardedStore

    private let shardCount: Int

    init(shardCount: Int = 1, directory: String? = nil) throws {
        self.directory = directory ?? NSTemporaryDirectory() + "godwit-sync-" + UUID().uuidString
        self.shardCount = shardCount
        store = try ShardedStore(directory: self.directory, shardCount: shardCount)
    }

    /// The next store on the same directory; this one is closed.
    func reopened() throws -> TemporaryStore {
        store.close()
        return try TemporaryStore(shardCount: shardCount, directory: directory)
    }

    deinit {
        store.close()
        try? FileManager.default.removeItem(atPath: directory)
    }

    func run<R: Sendable>(
        on shard: Int = 0, _ body: @escaping @Sendable (inout ShardTransaction) throws -> R
    ) async throws -> R {
        try await withCheckedThrowingContinuation { continuation in
            store.perform(on: ShardIndex(shard), body) { continuation.resume(with: $0) }
        }
    }
}
