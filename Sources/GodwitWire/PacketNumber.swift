/// Packet numbers are 62 bits; a header carries their 1 to 4 low bytes (RFC 9000 §17.1, appendices A.2 and A.3).
package enum PacketNumber {
    package static let maximum: UInt64 = (1 << 62) - 1

    /// How many bytes tell `number` apart for a peer that may have seen nothing after `largestAcknowledged`.
    package static func length(of number: UInt64, largestAcknowledged: UInt64?) -> Int {
        let unacknowledged = largestAcknowledged.map { number &- $0 } ?? number &+ 1
        // The window must be more than twice the distance.
        switch unacknowledged {
        case ..<(1 << 7): return 1
        case ..<(1 << 15): return 2
        case ..<(1 << 23): return 3
        default: return 4
        }
    }

    /// The full number nearest to the one after `largestReceived`, given its low `length` bytes.
    package static func expand(_ truncated: UInt32, length: Int, largestReceived: UInt64?) -> UInt64 {
        let expected = largestReceived.map { $0 &+ 1 } ?? 0
        let window: UInt64 = 1 << UInt64(8 * length)
        let half = window / 2
        let candidate = expected & ~(window - 1) | UInt64(truncated)
        if candidate &+ half <= expected, candidate < (1 << 62) - window {
            return candidate + window
        }
        if candidate > expected &+ half, candidate >= window {
            return candidate - window
        }
        return candidate
    }
}
