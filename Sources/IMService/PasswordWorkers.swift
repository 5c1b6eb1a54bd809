import Foundation
import Synchronization

/// A few threads for the slow work of hashing, away from event loops and shard writers, behind a bounded queue.
final class PasswordWorkers: Sendable {
    private let queue: OperationQueue
    private let waiting = Atomic<Int>(0)
    private let limit: Int

    init(threads: Int, queueMax: Int) {
        queue = OperationQueue()
        queue.name = "godwit.password"
        queue.maxConcurrentOperationCount = min(max(1, threads), 64)
        limit = max(1, queueMax) + queue.maxConcurrentOperationCount
    }

    /// False, and nothing done, when the queue is full.
    func submit(_ work: @escaping @Sendable () -> Void) -> Bool {
        guard waiting.add(1, ordering: .relaxed).newValue <= limit else {
            waiting.subtract(1, ordering: .relaxed)
            return false
        }
        queue.addOperation { [self] in
            work()
            waiting.subtract(1, ordering: .relaxed)
        }
        return true
    }
}
