/// Whose turn it is: the most urgent class that has something, except that none is passed over for ever.
package struct UrgencyTurns: Sendable {
    /// Bytes that go ahead of a class that waits before it has a turn. One packet in about fourteen is then for those who would
    /// starve; what hurries hardly notices.
    package static let patienceBytes = 16_384

    /// Bytes of more urgent messages since the class had its last turn, while it waited.
    private var passedOver = PerUrgency(0)

    package init() {}

    /// - Parameter waiting: the classes that could send something now.
    package func next(_ waiting: Urgencies) -> Urgency? {
        if isOverdue(.media, waiting) { return .media }
        if isOverdue(.text, waiting) { return .text }
        return waiting.mostUrgent
    }

    private func isOverdue(_ urgency: Urgency, _ waiting: Urgencies) -> Bool {
        waiting[urgency] && passedOver[urgency] >= Self.patienceBytes
    }

    /// A class has sent so many bytes.
    ///
    /// - Parameter waiting: the classes that could have sent instead.
    package mutating func sent(_ bytes: Int, by urgency: Urgency, waiting: Urgencies) {
        passedOver[urgency] = 0
        if urgency < .text { pass(.text, bytes, waiting) }
        if urgency < .media { pass(.media, bytes, waiting) }
    }

    private mutating func pass(_ urgency: Urgency, _ bytes: Int, _ waiting: Urgencies) {
        // A class without anything to send does not save up turns.
        passedOver[urgency] = waiting[urgency] ? passedOver[urgency] + bytes : 0
    }
}
