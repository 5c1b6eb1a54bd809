import DequeModule
import GodwitWire
import NIOCore

/// Unreliable datagrams on their way out: each is written once, in order, or dropped when its time is over. Bounded: a queue that is
/// full drops its oldest, which is the next to be late.
struct OutgoingDatagrams {
    /// A second of voice at 50 frames a second, and some.
    static let maximumCount = 64

    private struct Waiting {
        let data: ByteBuffer
        let deadline: NIODeadline
    }

    private var waiting: Deque<Waiting> = []
    /// Dropped unsent: late, or pushed out by newer ones.
    private(set) var dropped: UInt64 = 0

    var isEmpty: Bool { waiting.isEmpty }
    var count: Int { waiting.count }

    mutating func enqueue(_ data: ByteBuffer, deadline: NIODeadline) {
        if waiting.count >= Self.maximumCount {
            waiting.removeFirst()
            dropped += 1
        }
        waiting.append(Waiting(data: data, deadline: deadline))
    }

    /// Drops what would be late. Deadlines need not be in order.
    mutating func dropLate(now: NIODeadline) {
        guard waiting.contains(where: { $0.deadline < now }) else { return }
        let before = waiting.count
        waiting.removeAll { $0.deadline < now }
        dropped += UInt64(before - waiting.count)
    }

    /// Writes the oldest datagram if it fits into `space` bytes.
    mutating func writeFrame(into packet: inout ByteBuffer, space: Int) -> Bool {
        guard let next = waiting.first, DatagramFrame.encodedLength(of: next.data.readableBytes) <= space else {
            return false
        }
        DatagramFrame(data: next.data).encode(into: &packet)
        waiting.removeFirst()
        return true
    }
}
