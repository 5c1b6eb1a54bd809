import DequeModule

/// Room for the rest of large messages: each gets all that it may need or waits. So every message that has a permit can be completed,
/// and those without hold no more than their first part.
struct MessagePermits {
    private let budget: Int
    private(set) var reserved = 0
    private var waiting: Deque<UInt64> = []
    /// Permits that the peer must be told.
    private var due: Deque<UInt64> = []

    init(budget: Int) { self.budget = budget }

    var waitingCount: Int { waiting.count }
    var isDue: Bool { !due.isEmpty }

    mutating func ask(for message: UInt64) { waiting.append(message) }

    /// The message that has waited longest, if there is room for as much as it needs.
    mutating func next(need: (UInt64) -> Int?) -> (message: UInt64, bytes: Int)? {
        while let message = waiting.first {
            // It is complete, or will not come.
            guard let bytes = need(message) else {
                waiting.removeFirst()
                continue
            }
            guard reserved + bytes <= budget else { return nil }
            waiting.removeFirst()
            reserved += bytes
            due.append(message)
            return (message, bytes)
        }
        return nil
    }

    /// A message that waits for its permit has ended. Without this, a peer that asks and resets for ever would make the list grow.
    mutating func withdraw(_ message: UInt64) { waiting.removeAll { $0 == message } }

    mutating func release(_ bytes: Int) { reserved -= bytes }

    /// The packet that told it is lost.
    mutating func tellAgain(_ message: UInt64) { due.append(message) }

    mutating func popDue() -> UInt64? { due.popFirst() }
}
