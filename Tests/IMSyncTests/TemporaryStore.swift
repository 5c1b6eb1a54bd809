import Foundation
import IMSync
import ShardedStore
import Synchronization

/// A real store in a directory of its own, with transactions to wait for.
final class TemporaryStore: Sendable {
    let directory: String
    let store: ShardedStore

    init(shardCount: Int = 1) throws {
        directory = NSTemporaryDirectory() + "godwit-sync-" + UUID().uuidString
        store = try ShardedStore(directory: directory, shardCount: shardCount)
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
