import Dispatch
import Logging
import ShardedStore

/// One shard of the core: a shard of the store, and memory that belongs to the same writer thread.
///
/// `@unchecked Sendable`: `memory` is handed only to closures that the store runs on that thread.
final class CoreShard: @unchecked Sendable {
    /// How long an internal step waits after the store refused it for want of room.
    private static let retryDelay = DispatchTimeInterval.milliseconds(20)

    let index: ShardIndex
    private let store: ShardedStore
    private let memory: ShardMemory
    private let meters: ServiceMeters
    private let logger = Logger(label: "godwit.core")
    private let output: @Sendable ([CoreOutput]) -> Void

    /// - Parameter memory: not to be touched by the caller any more.
    init(
        index: ShardIndex, store: ShardedStore, memory: ShardMemory, meters: ServiceMeters,
        output: @escaping @Sendable ([CoreOutput]) -> Void
    ) {
        self.index = index
        self.store = store
        self.memory = memory
        self.meters = meters
        self.output = output
    }

    var number: UInt8 { UInt8(truncatingIfNeeded: index.value) }

    /// One transaction. Both closures run on the writer thread, the second when all is durable, with one exception: when
    /// the store refuses at the door, `completion` runs at once on the caller's thread, and without the memory.
    ///
    /// What completions put into the memory's outputs and notifies leaves in one piece after the last one of a group.
    func run<R: Sendable>(
        _ body: @escaping @Sendable (inout ShardTransaction, ShardMemory) throws -> R,
        completion: @escaping @Sendable (Result<R, StoreError>, ShardMemory?) -> Void
    ) {
        store.perform(on: index) { [self] transaction in
            memory.openTransactions += 1
            return try body(&transaction, memory)
        } completion: { [self] result in
            switch result {
            case .failure(.overloaded), .failure(.closed):
                completion(result, nil)
            default:
                // A shard that has stopped completes what never ran.
                memory.openTransactions = max(0, memory.openTransactions - 1)
                if case .failure(.shardClosed(let reason)) = result { noteFailure(reason) }
                completion(result, memory)
                if memory.openTransactions == 0 { flush() }
            }
        }
    }

    /// A step of the core's own, on the writer thread and in order with the transactions before it. It may come late,
    /// and does not come when the store is closed.
    func step(_ body: @escaping @Sendable (ShardMemory) -> Void) {
        run({ _, _ in }) { [self] result, memory in
            if let memory { return body(memory) }
            guard case .failure(.overloaded) = result else { return }
            DispatchQueue.global().asyncAfter(deadline: .now() + Self.retryDelay) { self.step(body) }
        }
    }

    private func noteFailure(_ reason: String) {
        guard !memory.hasFailed else { return }
        memory.hasFailed = true
        meters.shardsFailed.add(1)
        logger.critical("\(index) has stopped: \(reason); look at the disk, then start the server again")
    }

    private func flush() {
        let pushes = memory.notifies.take(for: memory.registry)
        meters.notifies.add(pushes.count)
        let outputs = memory.outputs + pushes
        guard !outputs.isEmpty else { return }
        memory.outputs.removeAll(keepingCapacity: true)
        output(outputs)
    }
}
