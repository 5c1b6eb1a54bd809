import NIOCore

/// How much a peer may send ahead of what was taken: told anew once half of it is used up, for telling it more often costs bytes, and
/// doubled when a peer uses it up so fast that it would have to wait.
struct ReceiveWindow {
    private(set) var bytes: UInt64
    private let maximum: UInt64
    private var raised: NIODeadline?
    /// The limit that the peer was last told.
    private(set) var limit = ProtocolLimits.initialMaxData

    init(bytes: Int, maximum: Int) {
        self.bytes = max(UInt64(bytes), ProtocolLimits.initialMaxData)
        self.maximum = max(UInt64(maximum), self.bytes)
    }

    /// - Returns: whether there is a new limit to tell.
    mutating func raise(taken: UInt64, roundTrip: TimeAmount, now: NIODeadline) -> Bool {
        guard taken + bytes >= limit + bytes / 2 else { return false }
        // Half a window in less than two round trips: the sender would stand still before it hears of more.
        if let raised, now - raised < .nanoseconds(2 * roundTrip.nanoseconds) { bytes = min(2 * bytes, maximum) }
        raised = now
        limit = taken + bytes
        return true
    }
}
