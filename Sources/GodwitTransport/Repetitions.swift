import DequeModule
import NIOCore

/// Copies of small messages that are to follow a transmission, until it is acknowledged.
struct Repetitions {
    private struct Plan {
        let message: UInt64
        var remaining: Int
        let gap: TimeAmount
        var due: NIODeadline
    }

    /// What has been done for a message that is not acknowledged yet.
    struct History {
        /// Transmissions, copies included.
        var sent = 1
        /// Losses and probe timeouts.
        var rounds = 0
    }

    /// A handful: one for each small message within a round trip.
    private var plans: ContiguousArray<Plan> = []
    private var released: Deque<UInt64> = []
    private var budget: RedundancyBudget
    /// Of messages that were sent more than once.
    private var histories: [UInt64: History] = [:]

    /// More messages than this under way is bulk, for which copies are the wrong means.
    static let maximumPlans = 16

    init(share: Double) { budget = RedundancyBudget(share: share) }

    /// No message is to be repeated.
    var isDone: Bool { plans.isEmpty && released.isEmpty && histories.isEmpty }

    /// What was saved, which is what is kept while none is.
    var savings: RedundancyBudget {
        get { budget }
        set { budget = newValue }
    }

    mutating func sentMessage(bytes: Int) { budget.sentMessage(bytes: bytes) }

    /// - Returns: whether redundancy may cost so many bytes more.
    mutating func spend(_ bytes: Int) -> Bool { budget.spend(bytes) }

    /// `count` copies of a message, the first in `gap` from now. Replaces what was planned for it.
    mutating func plan(_ message: UInt64, copies count: Int, gap: TimeAmount, now: NIODeadline) {
        plans.removeAll { $0.message == message }
        guard count > 0, plans.count < Self.maximumPlans else { return }
        plans.append(Plan(message: message, remaining: count, gap: gap, due: now + gap))
    }

    /// A loss or a probe timeout has the message sent again.
    ///
    /// - Returns: what was done before.
    mutating func beginRound(_ message: UInt64) -> History {
        let before = histories[message] ?? History()
        histories[message] = History(sent: before.sent + 1, rounds: before.rounds + 1)
        return before
    }

    mutating func forget(_ message: UInt64) {
        // Empty as a rule, and this is asked for each message.
        if !histories.isEmpty { histories[message] = nil }
        if !plans.isEmpty { plans.removeAll { $0.message == message } }
        if !released.isEmpty { released.removeAll { $0 == message } }
    }

    var deadline: NIODeadline? { plans.lazy.map(\.due).min() }

    /// Copies that are due become ready to be written, or are dropped when there is no room for them on the path.
    mutating func handleTimeout(now: NIODeadline, hasRoom: Bool) {
        for index in plans.indices.reversed() where plans[index].due <= now {
            if hasRoom { released.append(plans[index].message) }
            plans[index].remaining -= 1
            plans[index].due = now + plans[index].gap
            if plans[index].remaining <= 0 { plans.remove(at: index) }
        }
    }

    var hasReleased: Bool { !released.isEmpty }

    /// The path has become too full for what was released.
    mutating func dropReleased() { released.removeAll(keepingCapacity: true) }

    /// The next copy to write; `bytes` says how long a message is that is still wanted.
    mutating func takeReleased(bytes: (UInt64) -> Int?) -> UInt64? {
        while let message = released.popFirst() {
            guard let bytes = bytes(message), budget.spend(bytes) else { continue }
            histories[message, default: History()].sent += 1
            return message
        }
        return nil
    }
}
