import CInstructions
import Glibc
import Synchronization

/// The lock of a store's writers, with a way to wait for its next change.
///
/// A mutex goes to whoever is awake, which is the thread that let it go a moment ago: one that takes it again and again calls
/// `giveWay` in between, or those that wait for it sleep until it is done.
///
/// `@unchecked Sendable`: a mutex and a condition variable are made to be shared, `waiting` belongs to who holds the mutex, and the rest is
/// atomic.
final class WriterLock: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var waiting = 0
    /// Threads that wait for the mutex now.
    private let queued = Atomic<Int>(0)
    /// How often one of those has got it; a word to sleep on, in a place of its own as futex(2) needs it.
    private let served = UnsafeMutablePointer<Atomic<UInt32>>.allocate(capacity: 1)
    /// Threads in `giveWay`.
    private let giving = Atomic<Int>(0)
    private let waits = Atomic<UInt64>(0)
    private let waited = Atomic<UInt64>(0)

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(changed, nil)
        served.initialize(to: Atomic(0))
    }

    deinit {
        pthread_cond_destroy(changed)
        pthread_mutex_destroy(mutex)
        changed.deallocate()
        mutex.deallocate()
        served.deinitialize(count: 1)
        served.deallocate()
    }

    @inline(__always)
    func lock() { if pthread_mutex_trylock(mutex) != 0 { lockSlowly() } }

    @inline(never)
    private func lockSlowly() {
        let start = Self.nanoseconds
        queued.wrappingAdd(1, ordering: .sequentiallyConsistent)
        pthread_mutex_lock(mutex)
        queued.wrappingSubtract(1, ordering: .sequentiallyConsistent)
        served.pointee.wrappingAdd(1, ordering: .sequentiallyConsistent)
        if giving.load(ordering: .sequentiallyConsistent) > 0 { godwit_futex_wake(served, .max) }
        waits.wrappingAdd(1, ordering: .relaxed)
        waited.wrappingAdd(Self.nanoseconds &- start, ordering: .relaxed)
    }

    /// False when somebody has it.
    func tryLock() -> Bool { pthread_mutex_trylock(mutex) == 0 }

    /// How often the lock was found taken, and how long was waited for it in all.
    var contention: (waits: UInt64, nanoseconds: UInt64) {
        (waits.load(ordering: .relaxed), waited.load(ordering: .relaxed))
    }

    /// Somebody waits for the lock.
    var isAwaited: Bool { queued.load(ordering: .sequentiallyConsistent) > 0 }

    /// Between two holds, without the lock: lets one of those go first that wait for it, if any does.
    ///
    /// - Parameter limit: in nanoseconds; a writer that gets no processor must not stop maintenance.
    func giveWay(limit: Int64 = 500_000) {
        giving.wrappingAdd(1, ordering: .sequentiallyConsistent)
        // Read first: whoever gets the lock after it changes the word and so ends the sleep, or the sleep that would begin.
        let before = served.pointee.load(ordering: .sequentiallyConsistent)
        if isAwaited { godwit_futex_wait(served, before, limit) }
        giving.wrappingSubtract(1, ordering: .sequentiallyConsistent)
    }

    private static var nanoseconds: UInt64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return UInt64(clamping: time.tv_sec) &* 1_000_000_000 &+ UInt64(clamping: time.tv_nsec)
    }

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
