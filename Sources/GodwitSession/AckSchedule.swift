import NIOCore

/// When an acknowledgement must go on its own. It waits for a message to ride on, but not for ever.
struct AckSchedule {
    private var messages = 0
    private var bytes = 0
    /// A lone acknowledgement goes now, unless a message goes first.
    private(set) var isDue = false
    /// When a lone acknowledgement goes; nil = none is owed.
    private(set) var deadline: NIODeadline?

    /// Something is to be acknowledged that was not told yet.
    var isOwed: Bool { deadline != nil }

    mutating func elapse(now: NIODeadline) {
        if let deadline, deadline <= now { isDue = true }
    }

    mutating func received(bytes count: Int, now: NIODeadline, _ configuration: SessionConfiguration) {
        messages += 1
        bytes += count
        if deadline == nil { deadline = now + configuration.acknowledgementDelay }
        if !isDue,
            messages >= configuration.acknowledgementMessages || bytes >= configuration.acknowledgementBytes
        {
            isDue = true
            deadline = now
        }
    }

    /// The peer has been told, by whatever envelope.
    mutating func told() {
        messages = 0
        bytes = 0
        isDue = false
        deadline = nil
    }
}
