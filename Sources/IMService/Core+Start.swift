import Dispatch
import IMSync
import Logging
import ShardedStore
import Synchronization

extension Core {
    /// The only key there is so far; its id travels in the tokens, so that another can come beside it.
    private static let tokenKeyID: UInt32 = 1

    /// The stored key, or a new one at the first start.
    static func loadSigner(_ store: ShardedStore) throws(IMServiceError) -> TokenSigner {
        guard let fresh = SecureRandom.bytes(TokenSigner.keyBytes) else { throw .noRandomness }
        let key: [UInt8] = try waiting(store, on: ShardIndex(0)) { transaction in
            if let stored = try transaction.bytes(.tokenKey(tokenKeyID)) { return stored }
            transaction.put(.tokenKey(tokenKeyID), fresh)
            return fresh
        }
        guard key.count == TokenSigner.keyBytes else { throw .damagedTokenKey }
        return TokenSigner(keyID: tokenKeyID, key: key)
    }

    /// Takes up where the last process ended: the ids go on behind the reserved ones, and owed deliveries leave first.
    func recover() throws(IMServiceError) {
        for corruption in store.corruptions { logger.critical("the store skipped a damaged stretch: \(corruption)") }
        for shard in shards {
            let state = try Self.waiting(store, on: shard.index) { transaction in
                let owed = try Outbox.pending(in: transaction)
                let reserved = try transaction.number(StoreKey(.reservation)) ?? 0
                return (owed: owed, reserved: reserved)
            }
            if state.owed.damaged > 0 {
                logger.critical("\(state.owed.damaged) owed deliveries of \(shard.index) are damaged and stay behind")
            }
            meters.deliveriesRecovered.add(state.owed.deliveries.count)
            // Before any request: the service is not handed out yet.
            shard.step { [self] memory in
                memory.ids = ServerIDAllocator(shard: shard.number, reserved: state.reserved)
                for delivery in state.owed.deliveries {
                    memory.links[store.shard(for: delivery.recipient).value].enqueue(delivery)
                }
                for other in shards.indices { pump(from: shard, to: other, memory) }
            }
        }
    }

    /// For the start only: waits for one transaction.
    private static func waiting<R: Sendable>(
        _ store: ShardedStore, on shard: ShardIndex,
        _ body: @escaping @Sendable (inout ShardTransaction) throws -> R
    ) throws(IMServiceError) -> R {
        let done = DispatchSemaphore(value: 0)
        let box = Box<R>()
        store.perform(on: shard, body) { result in
            box.result.withLock { $0 = result }
            done.signal()
        }
        done.wait()
        switch box.result.withLock({ $0 }) {
        case .success(let value): return value
        case .failure(let error): throw .store(error)
        case nil: throw .store(.closed)
        }
    }

    private final class Box<R: Sendable>: Sendable {
        let result = Mutex<Result<R, StoreError>?>(nil)
    }
}
