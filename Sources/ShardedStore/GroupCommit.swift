import Bitcask

/// Runs a group of transactions, makes them durable with one sync, and completes them in order.
struct GroupCommit {
    private let store: Bitcask
    /// Why the shard stopped; set once, by a failed sync.
    private(set) var stopped: String?

    init(store: Bitcask) {
        self.store = store
    }

    mutating func run(_ jobs: [Job]) {
        if let stopped {
            for job in jobs { job.refuse(.shardClosed(reason: stopped)) }
            return
        }
        var waiting: [Job.Finish] = []
        var isDirty = false
        for job in jobs {
            let (wrote, finish) = job.run(store)
            isDirty = isDirty || wrote
            // A reader behind a writer may have seen what is not durable yet, so it waits for the sync as well.
            if isDirty { waiting.append(finish) } else { finish(nil) }
        }
        guard isDirty else { return }
        var failure: StoreError?
        do {
            try store.sync()
        } catch {
            let reason = error.description
            stopped = reason
            failure = .shardClosed(reason: reason)
        }
        for finish in waiting { finish(failure) }
    }
}
