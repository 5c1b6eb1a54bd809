import Foundation
import Synchronization
import Testing

@testable import Bitcask

@Suite("The lock of a store's writers", .timeLimit(.minutes(1)))
struct WriterLockTests {
    /// Longer than a test may take, in nanoseconds.
    private static let long: Int64 = 600_000_000_000

    /// A thread that takes the lock, and notes it before it lets it go.
    private final class Waiter: Sendable {
        private let turn = Atomic<Bool>(false)

        var hadIt: Bool { turn.load(ordering: .relaxed) }

        func start(_ lock: WriterLock) async {
            Thread.detachNewThread { [self] in
                lock.locked { turn.store(true, ordering: .relaxed) }
            }
            while !lock.isAwaited { await Task.yield() }
        }
    }

    @Test("giving way lets one that waits have the lock, and goes on as soon as it has")
    func giveWay() async {
        let lock = WriterLock()
        for _ in 0..<100 {
            let waiter = Waiter()
            lock.lock()
            await waiter.start(lock)
            #expect(!waiter.hadIt)
            lock.unlock()
            lock.giveWay(limit: Self.long)
            #expect(lock.locked { waiter.hadIt })
        }
        #expect(!lock.isAwaited && lock.contention.waits >= 100)
    }

    @Test("where nobody waits, giving way takes no time")
    func alone() {
        let lock = WriterLock()
        lock.giveWay(limit: Self.long)
        #expect(!lock.isAwaited && lock.contention.waits == 0)
    }

    @Test("a waiter that does not get the lock delays maintenance by the limit only")
    func limit() async {
        let lock = WriterLock()
        let waiter = Waiter()
        lock.lock()
        await waiter.start(lock)
        lock.giveWay(limit: 1_000)
        #expect(lock.isAwaited && !waiter.hadIt)
        lock.unlock()
        lock.giveWay(limit: Self.long)
        #expect(lock.locked { waiter.hadIt })
    }
}
