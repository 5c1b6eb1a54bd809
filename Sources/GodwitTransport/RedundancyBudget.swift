/// What redundancy may cost: a share of the message bytes that are sent. What is left over is kept for the end of a large message, where
/// repair needs all of it at once.
struct RedundancyBudget {
    /// In bytes; so much may be spent ahead.
    static let initialBytes = 4096
    /// In bytes; a round trip of 2 Mbit/s and 150 ms, twice, of which the half is lost.
    static let maximumBytes = 65_536

    /// Redundant bytes for each byte of messages.
    private let share: Double
    private var available: Double

    init(share: Double) {
        self.share = share
        available = share > 0 ? Double(Self.initialBytes) : 0
    }

    mutating func sentMessage(bytes: Int) {
        available = min(available + share * Double(bytes), Double(Self.maximumBytes))
    }

    /// - Returns: whether there was enough left.
    mutating func spend(_ bytes: Int) -> Bool {
        guard available >= Double(bytes) else { return false }
        available -= Double(bytes)
        return true
    }
}
