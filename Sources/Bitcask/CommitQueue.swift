import CInstructions
import Glibc
import Synchronization

/// Group commit: threads that want their writes on disk queue up, one of them leads and does it for all with one sync.
///
/// The others sleep and touch nothing meanwhile; one system call wakes a whole round. Where many wrote last time, the leader
/// gives those who were just woken a moment to come back, a fraction of what a sync takes: without it two halves of the
/// writers would take turns, and each sync would carry only half.
///
/// `@unchecked Sendable`: the pointers never change, the words behind them are atomic, requests are linked under the lock
/// and belong to the leader from `take` to `finish`.
final class CommitQueue: @unchecked Sendable {
    /// A write that waits, on its caller's stack.
    struct Request {
        let write: PendingWrite
        /// Set by the leader before the round is finished.
        var error: BitcaskError?
        fileprivate var round: UInt64 = 0
        fileprivate(set) var next: UnsafeMutablePointer<Request>?

        init(_ write: PendingWrite) { self.write = write }
    }

    /// A round taken by its leader, oldest first.
    struct Round {
        fileprivate let number: UInt64
        let first: UnsafeMutablePointer<Request>?
        let count: Int
    }

    private struct State {
        var first: UnsafeMutablePointer<Request>?
        var last: UnsafeMutablePointer<Request>?
        var count = 0
        /// The number of the round that is forming.
        var round: UInt64 = 1
        var isLed = false
        /// Requests at which the leader ends its waiting; 0 while it does not wait.
        var wanted = 0
        /// How many the last round had, and had queued up behind it by its end.
        var expected = 0
        var syncNanoseconds: UInt64 = 0

        init() {}
    }

    /// The leader waits for this share of a sync's time at most, and never longer than the limit.
    private static let gatheringShare: UInt64 = 4
    private static let gatheringLimit: UInt64 = 1_000_000
    /// Words to sleep on: a round's number modulo this. Two rounds exist at a time.
    private static let words: UInt64 = 4

    private let lock = WriterLock()
    private var state = State()
    private let finished = Atomic<UInt64>(0)
    /// One for each of `words`, and one for a leader that gathers.
    private let sleeps: UnsafeMutablePointer<Atomic<UInt32>>

    init() {
        sleeps = .allocate(capacity: Int(Self.words) + 1)
        for index in 0...Int(Self.words) { (sleeps + index).initialize(to: Atomic(0)) }
    }

    deinit {
        sleeps.deinitialize(count: Int(Self.words) + 1)
        sleeps.deallocate()
    }

    /// Queues up. Returns true when the caller leads from now on; false when its round is finished.
    func enter(_ request: UnsafeMutablePointer<Request>) -> Bool {
        let leads = lock.locked {
            request.pointee.round = state.round
            if let last = state.last { last.pointee.next = request } else { state.first = request }
            state.last = request
            state.count += 1
            guard state.isLed else {
                state.isLed = true
                return true
            }
            if state.count == state.wanted { wake(gathering, 1) }
            return false
        }
        return leads || !sleep(request.pointee.round)
    }

    /// Until the round is finished (true), or somebody has to lead it (false).
    private func sleep(_ round: UInt64) -> Bool {
        let word = sleeps + Int(round % Self.words)
        while true {
            let before = word.pointee.load(ordering: .acquiring)
            if finished.load(ordering: .acquiring) >= round { return true }
            let leads = lock.locked {
                guard state.round == round, !state.isLed else { return false }
                state.isLed = true
                return true
            }
            if leads { return false }
            godwit_futex_wait(word, before, -1)
        }
    }

    private var gathering: UnsafeMutablePointer<Atomic<UInt32>> { sleeps + Int(Self.words) }

    private func wake(_ word: UnsafeMutablePointer<Atomic<UInt32>>, _ count: Int32) {
        word.pointee.wrappingAdd(1, ordering: .releasing)
        godwit_futex_wake(word, count)
    }

    /// The leader's round; later writers form the next.
    func take() -> Round {
        gather()
        return lock.locked {
            defer {
                (state.first, state.last, state.count) = (nil, nil, 0)
                state.round += 1
            }
            return Round(number: state.round, first: state.first, count: state.count)
        }
    }

    private func gather() {
        let before = gathering.pointee.load(ordering: .acquiring)
        let patience = lock.locked { () -> UInt64 in
            // Those of the last round were woken a moment ago, and may be on their way back.
            guard state.count < state.expected else { return 0 }
            state.wanted = state.expected
            return min(state.syncNanoseconds / Self.gatheringShare, Self.gatheringLimit)
        }
        guard patience > 0 else { return }
        godwit_futex_wait(gathering, before, Int64(patience))
        lock.locked { state.wanted = 0 }
    }

    /// Ends the round, whose requests are their callers' again, and lets someone else lead.
    func finish(_ round: Round, syncNanoseconds: UInt64) {
        finished.store(round.number, ordering: .releasing)
        wake(sleeps + Int(round.number % Self.words), .max)
        let isNextWaiting = lock.locked {
            state.isLed = false
            state.syncNanoseconds = syncNanoseconds
            state.expected = round.count + state.count
            return state.count > 0
        }
        if isNextWaiting { wake(sleeps + Int((round.number + 1) % Self.words), 1) }
    }
}
