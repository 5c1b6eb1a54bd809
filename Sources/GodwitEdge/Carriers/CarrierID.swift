/// Names one carrier in the whole edge: the loop that owns its socket or connection, and its number there.
struct CarrierID: Hashable, Sendable {
    let loop: UInt8
    /// Never used twice in a loop's life.
    let number: UInt64
}
