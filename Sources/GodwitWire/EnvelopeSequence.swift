/// Message numbers on the wire.
///
/// Each direction of a session counts its messages from 1. DATA and ACK carry only the low 16 bits; the receiver takes
/// the full number nearest to the one it expects. That is safe because both sides stay within a window of 1,024
/// messages (`SessionWindow`), a 32nd of what 16 bits tell apart. OPEN and OPENED carry full numbers.
package enum SequenceNumber {
    /// The largest number that an envelope can carry (RFC 9000 §16). At 1,000 messages a second it lasts 146 million years.
    package static let maximum: UInt64 = (1 << 62) - 1

    package static func low(_ sequence: UInt64) -> UInt16 { UInt16(truncatingIfNeeded: sequence) }

    /// The number with these low bits that is nearest to `expected`; of two equally near ones the lower; never negative.
    package static func expand(_ low: UInt16, near expected: UInt64) -> UInt64 {
        let forward = low &- UInt16(truncatingIfNeeded: expected)
        if forward < 0x8000 { return min(expected &+ UInt64(forward), maximum) }
        let backward = UInt64(0x1_0000) - UInt64(forward)
        return expected >= backward ? expected - backward : expected &+ UInt64(forward)
    }
}

/// What a sender may have under way. Protocol constants, so that an honest sender never overruns a receiver.
package enum SessionWindow {
    /// Messages beyond the receiver's cumulative point.
    package static let messages: UInt64 = 1_024
    /// Body bytes, before compression, of messages not yet acknowledged.
    package static let bytes = 4 << 20
}
