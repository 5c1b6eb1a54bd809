/// What redundancy may cost: a share of the message bytes that are sent, with room for a few datagrams at once.
struct RedundancyBudget {
    /// In bytes; so much may be spent ahead on a path that has been quiet.
    static let burstBytes = 4096

    /// Redundant bytes for each byte of messages.
    private let share: Double
    private var available: Double

    init(share: Double) {
        self.share = share
        available = share > 0 ? Double(Self.burstBytes) : 0
    }

    mutating func sentMessage(bytes: Int) {
        available = min(available + share * Double(bytes), Double(Self.burstBytes))
    }

    /// - Returns: whether there was enough left.
    mutating func spend(_ bytes: Int) -> Bool {
        guard available >= Double(bytes) else { return false }
        available -= Double(bytes)
        return true
    }
}
