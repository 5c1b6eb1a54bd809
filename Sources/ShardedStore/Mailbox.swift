import Glibc

/// A bounded queue of jobs with many senders and one receiver that sleeps while it is empty.
///
/// `@unchecked Sendable`: every stored property is only touched with `mutex` held.
final class Mailbox: @unchecked Sendable {
    /// What became of a job that was offered.
    enum Admission {
        case accepted
        case full
        case closed
    }

    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let filled = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    let limit: Int
    private var jobs: [Job] = []
    private var isClosed = false

    init(limit: Int) {
        self.limit = limit
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(filled, nil)
    }

    deinit {
        pthread_cond_destroy(filled)
        pthread_mutex_destroy(mutex)
        filled.deallocate()
        mutex.deallocate()
    }

    func offer(_ job: Job) -> Admission {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !isClosed else { return .closed }
        guard jobs.count < limit else { return .full }
        jobs.append(job)
        // The receiver takes everything at once, so only the first job finds it asleep.
        if jobs.count == 1 { pthread_cond_signal(filled) }
        return .accepted
    }

    /// Everything waiting, in order; sleeps while there is nothing. Nil once closed and empty.
    ///
    /// `emptied` is what the receiver drained last, handed back for its storage.
    func drain(into emptied: inout [Job]) -> Bool {
        emptied.removeAll(keepingCapacity: true)
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while jobs.isEmpty {
            if isClosed { return false }
            pthread_cond_wait(filled, mutex)
        }
        swap(&jobs, &emptied)
        return true
    }

    /// Refuses further jobs; those already taken are still handed out.
    func close() {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        isClosed = true
        pthread_cond_signal(filled)
    }
}
