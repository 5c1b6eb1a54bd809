import Dispatch
import Synchronization

/// What a child process said, in order, and those who wait for something in it.
final class EventLog<Element: Sendable>: Sendable {
    /// What did not come, with the end of what did.
    struct Missing: Error, CustomStringConvertible {
        let description: String
    }

    private struct Waiter: Sendable {
        let what: String
        /// Takes a look, and whether the wait is over.
        let look: @Sendable ([Element]) -> Bool
        let fail: @Sendable (Missing) -> Void
    }

    private struct State {
        var elements: [Element] = []
        var isClosed = false
        var waiters: [UInt64: Waiter] = [:]
        var nextWaiter: UInt64 = 0
    }

    /// A bound for a busy machine; nothing is expected to take so long.
    static var patienceSeconds: Double { 40 }

    private let state = Mutex(State())

    var elements: [Element] { state.withLock { $0.elements } }

    func append(_ element: Element) {
        state.withLock { state in
            state.elements.append(element)
            for (id, waiter) in state.waiters where waiter.look(state.elements) { state.waiters[id] = nil }
        }
    }

    /// Nothing more will come.
    func close() {
        state.withLock { state in
            state.isClosed = true
            for waiter in state.waiters.values {
                waiter.fail(Self.missing(waiter.what, "the end came", state.elements))
            }
            state.waiters.removeAll()
        }
    }

    /// What `find` makes of the elements as soon as it makes something of them.
    func wait<Found: Sendable>(
        for what: String, seconds: Double = patienceSeconds, _ find: @escaping @Sendable ([Element]) -> Found?
    ) async throws -> Found {
        try await withCheckedThrowingContinuation { continuation in
            let waiter = Waiter(
                what: what,
                look: { elements in
                    guard let found = find(elements) else { return false }
                    continuation.resume(returning: found)
                    return true
                }, fail: { continuation.resume(throwing: $0) })
            let waiting: UInt64? = state.withLock { state in
                if waiter.look(state.elements) { return nil }
                if state.isClosed {
                    waiter.fail(Self.missing(what, "it has ended", state.elements))
                    return nil
                }
                state.nextWaiter += 1
                state.waiters[state.nextWaiter] = waiter
                return state.nextWaiter
            }
            guard let waiting else { return }
            DispatchQueue.global().asyncAfter(deadline: .now() + seconds) { [self] in
                state.withLock { state in
                    guard let waiter = state.waiters.removeValue(forKey: waiting) else { return }
                    waiter.fail(Self.missing(what, "\(seconds) s passed", state.elements))
                }
            }
        }
    }

    private static func missing(_ what: String, _ reason: String, _ elements: [Element]) -> Missing {
        let last = elements.suffix(30).map { "\n  \($0)" }.joined()
        return Missing(description: "\(what): \(reason) after \(elements.count) lines, the last of them\(last)")
    }
}
