import GodwitWire
import NIOCore

/// One packet number space: its keys, what was sent, what has arrived, and its timers' state.
struct PacketSpace {
    var keys: PacketKeys?
    var sent = SentPackets()
    var received = ReceivedPackets()
    var largestAcknowledged: UInt64?
    /// When the next packet is lost unless acknowledged before.
    var lossDeadline: NIODeadline?
    /// Packets that may leave whatever the congestion window says.
    var probesDue = 0
    /// A PING is owed: nothing else elicits an answer.
    var pingDue = false
    /// The Initial space.
    var isOfHandshake = false

    /// What the next packet's number depends on.
    struct Position {
        let nextNumber: UInt64
        let largestAcknowledged: UInt64?
    }

    var position: Position { Position(nextNumber: sent.nextNumber, largestAcknowledged: largestAcknowledged) }

    /// Forgets everything in flight when the space's keys are dropped (RFC 9002 §6.4).
    mutating func discard(_ recovery: inout Recovery<ConfiguredController>) {
        recovery.forget(&sent)
        self = PacketSpace()
    }
}
