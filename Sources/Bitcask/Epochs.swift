import Glibc
import Synchronization

/// Tells when nobody can still look at what was taken out of reach (epoch-based reclamation; Fraser 2004).
///
/// A reader counts itself into the current epoch, reads without a lock, and counts itself out. What a writer unlinks in
/// epoch *e* may be freed in epoch *e* + 2: the step from *e* + 1 to *e* + 2 needs every reader of *e* gone, and a reader of
/// *e* + 1 or later began after the unlinking. Counters are striped, so that readers on different cores do not share a line.
///
/// `@unchecked Sendable`: the pointer never changes, and all behind it is atomic.
final class Epochs: @unchecked Sendable {
    private static let stripes = 16
    /// Words between stripes: two cache lines, since lines are fetched in pairs.
    private static let stride = 16

    private let counters: UnsafeMutablePointer<Atomic<Int>>
    private let epoch = Atomic<Int>(3)
    /// Only one may step at a time.
    private let stepping = Mutex<Void>(())

    init() {
        let count = Self.stripes * Self.stride
        counters = .allocate(capacity: count)
        for index in 0..<count { (counters + index).initialize(to: Atomic(0)) }
    }

    deinit {
        counters.deinitialize(count: Self.stripes * Self.stride)
        counters.deallocate()
    }

    /// A reader's stay; until it is left nothing that the reader may have found is freed.
    struct Visit {
        fileprivate let counter: UnsafeMutablePointer<Atomic<Int>>
    }

    @inline(__always)
    func enter() -> Visit {
        let thread = UInt(pthread_self())
        let stripe = counters + Int((thread >> 12 ^ thread >> 18) % UInt(Self.stripes)) &* Self.stride
        while true {
            let now = epoch.load(ordering: .sequentiallyConsistent)
            let counter = stripe + now % 3
            counter.pointee.wrappingAdd(1, ordering: .sequentiallyConsistent)
            // Still the same: whoever steps from here on sees the count. Otherwise it may have been counted too late.
            if epoch.load(ordering: .sequentiallyConsistent) == now { return Visit(counter: counter) }
            counter.pointee.wrappingSubtract(1, ordering: .releasing)
        }
    }

    @inline(__always)
    func leave(_ visit: Visit) {
        visit.counter.pointee.wrappingSubtract(1, ordering: .releasing)
    }

    /// The stamp for what was unlinked just now.
    var stamp: Int { epoch.load(ordering: .sequentiallyConsistent) }

    /// Whether what has this stamp may be freed; steps on as far as readers allow.
    func isPast(_ stamp: Int) -> Bool {
        while epoch.load(ordering: .sequentiallyConsistent) < stamp + 2 {
            guard step() else { return false }
        }
        return true
    }

    private func step() -> Bool {
        stepping.withLock { _ in
            let now = epoch.load(ordering: .sequentiallyConsistent)
            let before = (now + 2) % 3
            for stripe in 0..<Self.stripes
            where counters[stripe * Self.stride + before].load(ordering: .sequentiallyConsistent) != 0 {
                return false
            }
            epoch.store(now + 1, ordering: .sequentiallyConsistent)
            return true
        }
    }
}
