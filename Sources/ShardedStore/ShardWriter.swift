import Bitcask
import Glibc

/// The one thread that owns a shard's store.
///
/// `@unchecked Sendable`: `thread` is written once, by `start`, before anyone else has the object.
final class ShardWriter: @unchecked Sendable {
    private let mailbox: Mailbox
    let store: Bitcask
    private var thread: pthread_t?

    init(store: Bitcask, mailboxLimit: Int) {
        self.store = store
        mailbox = Mailbox(limit: mailboxLimit)
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

    var statistics: BitcaskStatistics { store.statistics }

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
        while mailbox.drain(into: &jobs) { group.run(jobs) }
        // Every acknowledged write is durable already; a failure here has nobody left to hear it.
        try? store.close()
    }
}
