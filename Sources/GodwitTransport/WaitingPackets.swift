import GodwitWire
import NIOCore

/// Application packets that came before the keys or before the handshake was complete: on a network that reorders, or loses the
/// packet before, they save a round trip.
struct WaitingPackets {
    static let maximumCount = 16

    struct Packet {
        /// From its first byte to the datagram's end.
        let bytes: ByteBuffer
        let source: Address
    }

    private var packets: ContiguousArray<Packet> = []

    var isEmpty: Bool { packets.isEmpty }

    /// - Parameter bytes: its own, not part of a datagram.
    /// - Returns: false when the room is full.
    mutating func add(_ bytes: ByteBuffer, from source: Address) -> Bool {
        guard packets.count < Self.maximumCount else { return false }
        packets.append(Packet(bytes: bytes, source: source))
        return true
    }

    mutating func takeAll() -> ContiguousArray<Packet> {
        defer { packets = [] }
        return packets
    }
}
