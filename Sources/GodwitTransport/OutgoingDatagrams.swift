import DequeModule
import GodwitWire
import NIOCore

/// Unreliable datagrams on their way out: each is written once, in order, or dropped when its time is over. Bounded: a queue that is
/// full drops its oldest, which is the next to be late. On a lossy path copies follow in later packets.
struct OutgoingDatagrams {
    /// A second of voice at 50 frames a second, and some.
    static let maximumCount = 64
    /// How long a copy that is due waits for a packet that leaves anyway: the next frame of voice is at most 20 ms away.
    static let patience = TimeAmount.milliseconds(25)

    private struct Waiting {
        let data: ByteBuffer
        let deadline: NIODeadline
    }

    private struct Copy {
        let data: ByteBuffer
        let deadline: NIODeadline
        let packet: UInt64
        let index: Int
        var remaining: Int
        let gap: TimeAmount
        var due: NIODeadline
    }

    private var waiting: Deque<Waiting> = []
    private var copies: ContiguousArray<Copy> = []
    /// DATAGRAM frames in the packet that was written last.
    private var written: (packet: UInt64, count: Int) = (0, 0)
    /// Dropped unsent: late, or pushed out by newer ones.
    private(set) var dropped: UInt64 = 0

    var isEmpty: Bool { waiting.isEmpty }
    var count: Int { waiting.count }
    /// Nor is a copy to follow.
    var isDone: Bool { waiting.isEmpty && copies.isEmpty }

    mutating func enqueue(_ data: ByteBuffer, deadline: NIODeadline) {
        if waiting.count >= Self.maximumCount {
            waiting.removeFirst()
            dropped += 1
        }
        waiting.append(Waiting(data: data, deadline: deadline))
    }

    /// Drops what would be late. Deadlines need not be in order.
    mutating func dropLate(now: NIODeadline) {
        if !copies.isEmpty { copies.removeAll { $0.deadline < now } }
        guard waiting.contains(where: { $0.deadline < now }) else { return }
        let before = waiting.count
        waiting.removeAll { $0.deadline < now }
        dropped += UInt64(before - waiting.count)
    }

    /// Writes the oldest datagram if it fits into `space` bytes of a packet.
    ///
    /// - Parameters:
    ///   - number: the packet's.
    ///   - count: copies that are to follow, each `gap` after the one before it.
    /// - Returns: the data's bytes; nil when nothing was written.
    mutating func writeFrame(
        into packet: inout ByteBuffer, space: Int, number: UInt64, copies count: Int, gap: TimeAmount, now: NIODeadline
    ) -> Int? {
        guard let next = waiting.first, DatagramFrame.encodedLength(of: next.data.readableBytes) <= space else {
            return nil
        }
        DatagramFrame(data: next.data).encode(into: &packet)
        waiting.removeFirst()
        if written.packet != number { written = (number, 0) }
        if count > 0, copies.count < Self.maximumCount, written.count <= DatagramCopyFrame.maximumIndex {
            copies.append(
                Copy(
                    data: next.data, deadline: next.deadline, packet: number, index: written.count, remaining: count,
                    gap: gap, due: now + gap))
        }
        written.count += 1
        return next.data.readableBytes
    }

    /// When a copy must go even in a packet of its own.
    var copyDeadline: NIODeadline? { copies.lazy.map(\.due).min().map { $0 + Self.patience } }

    /// Writes the copies that are due as far as they fit.
    ///
    /// - Parameters:
    ///   - isPaid: asked with each copy's bytes, whether it may be sent; what it refuses is not asked for again.
    /// - Returns: how many were written.
    mutating func writeCopies(
        into packet: inout ByteBuffer, space: (ByteBuffer) -> Int, number: UInt64, now: NIODeadline,
        isPaid: (Int) -> Bool
    ) -> Int {
        var count = 0
        for position in copies.indices.reversed() where copies[position].due <= now {
            let copy = copies[position]
            // A copy in the packet of its original dies with it.
            guard copy.packet < number else { continue }
            guard
                let frame = DatagramCopyFrame(
                    distance: number - copy.packet, index: copy.index, data: copy.data)
            else {
                copies.remove(at: position)
                continue
            }
            guard frame.encodedLength <= space(packet) else { continue }
            guard isPaid(copy.data.readableBytes) else {
                copies.remove(at: position)
                continue
            }
            frame.encode(into: &packet)
            count += 1
            copies[position].remaining -= 1
            copies[position].due = now + copy.gap
            if copies[position].remaining <= 0 { copies.remove(at: position) }
        }
        return count
    }
}
