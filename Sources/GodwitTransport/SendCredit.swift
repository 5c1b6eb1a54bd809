import GodwitWire

/// What the peer lets us send: bytes of all messages together, and messages.
struct SendCredit {
    private var maxData = ProtocolLimits.initialMaxData
    private var maxMessages = ProtocolLimits.initialMaxMessages
    private var usedData: UInt64 = 0

    /// What may still be begun: begun messages have used theirs up, sent or not.
    var remainingBytes: Int { Int(clamping: maxData - usedData) }

    func allowsMessage(_ id: UInt64) -> Bool { id < maxMessages }

    mutating func use(_ bytes: Int) { usedData += UInt64(bytes) }

    /// Limits only grow; an older frame that arrives late changes nothing.
    mutating func raise(maxData limit: UInt64) { maxData = max(maxData, limit) }
    mutating func raise(maxMessages limit: UInt64) { maxMessages = max(maxMessages, limit) }
}
