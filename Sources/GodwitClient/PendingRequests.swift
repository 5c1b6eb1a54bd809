import HeapModule
import NIOCore

/// The requests that wait for an answer: found by the session's number, expired by deadline. Bounded.
struct PendingRequests {
    typealias Completion = @Sendable (Result<Response, ClientError>) -> Void

    struct Pending {
        let request: ClientRequest
        let deadline: NIODeadline
        /// When it is given up unless the server has it.
        var lateAt = NIODeadline.distantFuture
        let completion: Completion
        /// The server's session has it: whatever becomes of it now, the server counts it.
        var isAcknowledged = false
    }

    private struct Expiry: Comparable {
        let deadline: NIODeadline
        let sequence: UInt64

        static func < (a: Expiry, b: Expiry) -> Bool { a.deadline < b.deadline }
    }

    let limit: Int
    private var bySequence: [UInt64: Pending] = [:]
    /// May hold entries that were answered meanwhile; they are dropped when they come up.
    private var expiries = Heap<Expiry>()

    init(limit: Int) { self.limit = limit }

    var count: Int { bySequence.count }

    var isFull: Bool { bySequence.count >= limit }

    mutating func insert(_ pending: Pending, sequence: UInt64) {
        bySequence[sequence] = pending
        guard pending.deadline < .distantFuture else { return }
        expiries.insert(Expiry(deadline: pending.deadline, sequence: sequence))
        // Answered entries are most of the heap on a good network: rebuild it before they crowd out memory.
        if expiries.count > 2 * limit + 64 {
            let live = bySequence
            expiries = Heap(expiries.unordered.filter { live[$0.sequence]?.deadline == $0.deadline })
        }
    }

    mutating func acknowledge(_ sequence: UInt64) { bySequence[sequence]?.isAcknowledged = true }

    mutating func take(_ sequence: UInt64) -> Pending? { bySequence.removeValue(forKey: sequence) }

    /// A walk: cancelling is rare.
    func sequence(named name: UInt64) -> UInt64? { bySequence.first { $0.value.request.name == name }?.key }

    /// The next deadline of a request that still waits.
    mutating func nextDeadline() -> NIODeadline? {
        while let first = expiries.min {
            if bySequence[first.sequence]?.deadline == first.deadline { return first.deadline }
            expiries.removeMin()
        }
        return nil
    }

    /// Removes and returns those whose time is up.
    mutating func expire(now: NIODeadline) -> [(sequence: UInt64, pending: Pending)] {
        var expired: [(sequence: UInt64, pending: Pending)] = []
        while let deadline = nextDeadline(), deadline <= now, let first = expiries.popMin() {
            if let pending = bySequence.removeValue(forKey: first.sequence) {
                expired.append((first.sequence, pending))
            }
        }
        return expired
    }

    /// Removes and returns all, oldest number first.
    mutating func removeAll() -> [(sequence: UInt64, pending: Pending)] {
        let all = bySequence.sorted { $0.key < $1.key }.map { (sequence: $0.key, pending: $0.value) }
        bySequence.removeAll()
        expiries = Heap()
        return all
    }
}
