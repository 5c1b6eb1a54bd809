import GodwitWire
import NIOCore

/// Delivers each unreliable datagram at most once, though copies of it may come in several packets. Bounded.
struct IncomingDatagrams {
    /// A second of voice at 50 frames a second, all lost.
    static let maximumRemembered = 64

    private struct Origin: Hashable {
        let packet: UInt64
        let index: Int
    }

    /// Delivered from copies, oldest first: their packets may still come.
    private var remembered: ContiguousArray<Origin> = []
    /// Nothing of packets below this is delivered any more: what was delivered from copies of theirs is forgotten.
    private var floor: UInt64 = 0
    private var packet: UInt64 = 0
    private var index = 0

    /// - Parameter floor: nothing of packets below is delivered.
    init(floor: UInt64 = 0) { self.floor = floor }

    /// The frames that follow are of this packet.
    mutating func begin(packet number: UInt64) {
        packet = number
        index = 0
    }

    /// - Returns: whether this DATAGRAM frame of the present packet is to be delivered.
    mutating func isNew() -> Bool {
        defer { index += 1 }
        return packet >= floor && !remembered.contains(Origin(packet: packet, index: index))
    }

    /// - Parameter hasSeen: whether a packet of that number has arrived, so that its datagrams were delivered.
    /// - Returns: whether the copy is to be delivered.
    mutating func isNew(
        _ copy: DatagramCopyFrame, hasSeen: (UInt64) -> Bool
    ) throws(ProtocolError) -> Bool {
        guard copy.distance <= packet else { throw .datagramCopyOfNothing(distance: copy.distance, packet: packet) }
        let origin = Origin(packet: packet - copy.distance, index: copy.index)
        guard origin.packet >= floor, !hasSeen(origin.packet), !remembered.contains(origin) else { return false }
        if remembered.count >= Self.maximumRemembered {
            floor = max(floor, remembered.removeFirst().packet + 1)
        }
        remembered.append(origin)
        return true
    }
}
