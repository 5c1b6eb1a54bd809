import Bitcask
import Glibc

/// The one thread that owns a shard's store.
///
/// `@unchecked Sendable`: `store` is touched by the thread only, from its start until `join` returns.
final class ShardWriter: @unchecked Sendable {
    /// Bytes a merge copies before the mailbox is looked at again: a few milliseconds of a slow disk.
    private static let mergeSliceBytes = 1 << 20
    /// Under steady load a merge slice runs after this many groups, so that dead bytes cannot pile up for ever.
    private static let groupsBetweenBusySlices = 64

    private let mailbox: Mailbox
    private let store: Bitcask
    private let snapshot: StatisticsSnapshot
    private var thread: pthread_t?

    init(store: Bitcask, mailboxLimit: Int) {
        self.store = store
        mailbox = Mailbox(limit: mailboxLimit)
        snapshot = StatisticsSnapshot(store.statistics)
    }

    /// Starts the thread; called once.
    func start() throws(StoreError) {
        let unmanaged = Unmanaged.passRetained(self)
        var created = pthread_t()
        let code = pthread_create(
            &created, nil,
            { argument in
                if let argument { Unmanaged<ShardWriter>.fromOpaque(argument).takeRetainedValue().loop() }
                return nil
            }, unmanaged.toOpaque())
        if code != 0 {
            unmanaged.release()
            throw .threadUnavailable(errno: code)
        }
        thread = created
    }

    func perform(_ job: Job) {
        switch mailbox.offer(job) {
        case .accepted: break
        case .full: job.refuse(.overloaded(limit: mailbox.limit))
        case .closed: job.refuse(.closed)
        }
    }

    var statistics: BitcaskStatistics { snapshot.value }
    var mergeFailures: Int { snapshot.mergeFailures }

    /// Lets the thread finish what waits and close the store.
    func close() {
        mailbox.close()
    }

    /// Waits for the thread's end, unless called on it.
    func join() {
        guard let thread, pthread_equal(thread, pthread_self()) == 0 else { return }
        pthread_join(thread, nil)
    }

    private func loop() {
        var group = GroupCommit(store: store)
        var jobs: [Job] = []
        var groupsSinceSlice = 0
        while mailbox.drain(into: &jobs) {
            group.run(jobs)
            groupsSinceSlice += 1
            snapshot.value = store.statistics
            guard group.stopped == nil else { continue }
            if groupsSinceSlice >= Self.groupsBetweenBusySlices || mailbox.isEmpty {
                groupsSinceSlice = 0
                mergeWhileIdle()
            }
        }
        // Every acknowledged write is durable already; a failure here has nobody left to hear it.
        try? store.close()
    }

    /// At least one slice, and more for as long as nobody waits.
    private func mergeWhileIdle() {
        do {
            while try store.mergeStep(budget: Self.mergeSliceBytes) {
                guard mailbox.isEmpty else { return }
            }
        } catch {
            // The inputs are untouched and the failed output is gone; the next idle moment tries again.
            snapshot.mergeFailures += 1
        }
        snapshot.value = store.statistics
    }
}
