import GodwitWire

/// Keeps a server from being used to flood a forged address (RFC 9000 §8): three bytes for each received until it is validated.
struct AmplificationLimit {
    private var received = 0
    private var sent = 0
    private(set) var isValidated: Bool

    init(isValidated: Bool) { self.isValidated = isValidated }

    mutating func receive(_ bytes: Int) { received = min(received + bytes, 1 << 40) }
    mutating func send(_ bytes: Int) { sent = min(sent + bytes, 1 << 42) }
    mutating func validate() { isValidated = true }

    /// Bytes that may still be sent.
    var allowance: Int {
        isValidated ? .max : max(0, received * ProtocolLimits.amplificationFactor - sent)
    }
}
