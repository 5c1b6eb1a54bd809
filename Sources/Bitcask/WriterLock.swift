import Glibc

/// The lock of a store's writers, with a way to wait for its next change.
///
/// `@unchecked Sendable`: a mutex and a condition variable, made to be shared.
final class WriterLock: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var waiting = 0

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
    }

    @inline(__always)
    func lock() { pthread_mutex_lock(mutex) }

    @inline(__always)
    func unlock() { pthread_mutex_unlock(mutex) }

    @inline(__always)
    func locked<R, E: Error>(_ body: () throws(E) -> R) throws(E) -> R {
        lock()
        defer { unlock() }
        return try body()
    }

    /// Lets the lock go until someone announces a change.
    func wait() {
        waiting += 1
        pthread_cond_wait(changed, mutex)
        waiting -= 1
    }

    /// Wakes all that wait; with the lock held.
    func announce() {
        if waiting > 0 { pthread_cond_broadcast(changed) }
    }
}
