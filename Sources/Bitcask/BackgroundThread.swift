import Glibc

/// A thread of the operating system.
enum BackgroundThread {
    typealias ID = pthread_t

    private final class Start {
        let body: @Sendable () -> Void
        init(_ body: @escaping @Sendable () -> Void) { self.body = body }
    }

    /// Runs `body` on a thread of its own; nil when there is none to be had.
    static func start(_ body: @escaping @Sendable () -> Void) -> ID? {
        let start = Unmanaged.passRetained(Start(body))
        var created = pthread_t()
        let code = pthread_create(
            &created, nil,
            { argument in
                if let argument { Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().body() }
                return nil
            }, start.toOpaque())
        guard code != 0 else { return created }
        start.release()
        return nil
    }

    /// Waits for the thread's end, unless called on it.
    static func join(_ thread: ID) {
        if pthread_equal(thread, pthread_self()) == 0 { pthread_join(thread, nil) } else { pthread_detach(thread) }
    }
}

/// A sleep that others can end.
///
/// `@unchecked Sendable`: all fields are touched with `mutex` held.
final class WakeUp: @unchecked Sendable {
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let condition = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var isCalled = false
    private var stopped = false

    init() {
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    var isStopped: Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return stopped
    }

    func wake() {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !isCalled else { return }
        isCalled = true
        pthread_cond_signal(condition)
    }

    /// True for the first call.
    func stop() -> Bool {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        guard !stopped else { return false }
        stopped = true
        pthread_cond_signal(condition)
        return true
    }

    /// Until someone wakes or the time is over.
    func sleep(milliseconds: Int) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        var until = timespec()
        clock_gettime(CLOCK_REALTIME, &until)
        let nanoseconds = until.tv_nsec + milliseconds % 1_000 * 1_000_000
        until.tv_sec += milliseconds / 1_000 + nanoseconds / 1_000_000_000
        until.tv_nsec = nanoseconds % 1_000_000_000
        while !isCalled, !stopped {
            if pthread_cond_timedwait(condition, mutex, &until) != 0 { break }
        }
        isCalled = false
    }
}
