import DequeModule
import GodwitWire
import NIOCore

/// Messages of which nothing was sent yet. They have no number on the wire, so what is taken out leaves no gap.
///
/// Each urgency has two queues: a small message never waits for permission that only a large one needs.
struct WaitingMessages: ~Copyable {
    struct Message {
        /// Rises in the order of sending.
        let id: UInt64
        let data: ByteBuffer
        let deadline: NIODeadline
    }

    private struct Queues {
        var small: Deque<Message> = []
        var large: Deque<Message> = []
    }

    private var queues = PerUrgency(Queues())
    /// Those that have something waiting.
    private(set) var urgencies = Urgencies.none

    /// Larger ones need the peer's word for what is beyond their first part.
    static func isLarge(_ data: ByteBuffer) -> Bool { data.readableBytes > ProtocolLimits.initialMessageData }

    mutating func append(_ message: Message, urgency: Urgency) {
        urgencies[urgency] = true
        if Self.isLarge(message.data) {
            queues[urgency].large.append(message)
        } else {
            queues[urgency].small.append(message)
        }
    }

    func firstSmall(_ urgency: Urgency) -> (id: UInt64, bytes: Int)? { Self.first(queues[urgency].small) }
    func firstLarge(_ urgency: Urgency) -> (id: UInt64, bytes: Int)? { Self.first(queues[urgency].large) }

    private static func first(_ queue: Deque<Message>) -> (id: UInt64, bytes: Int)? {
        queue.isEmpty ? nil : (queue[0].id, queue[0].data.readableBytes)
    }

    mutating func popSmall(_ urgency: Urgency) -> Message? {
        defer { left(urgency) }
        return queues[urgency].small.popFirst()
    }

    mutating func popLarge(_ urgency: Urgency) -> Message? {
        defer { left(urgency) }
        return queues[urgency].large.popFirst()
    }

    private mutating func left(_ urgency: Urgency) {
        urgencies[urgency] = !queues[urgency].small.isEmpty || !queues[urgency].large.isEmpty
    }

    mutating func remove(_ id: UInt64) -> Message? {
        guard !urgencies.isEmpty else { return nil }
        for urgency in Urgency.allCases {
            if let message = Self.remove(id, from: &queues[urgency].small)
                ?? Self.remove(id, from: &queues[urgency].large)
            {
                left(urgency)
                return message
            }
        }
        return nil
    }

    private static func remove(_ id: UInt64, from queue: inout Deque<Message>) -> Message? {
        var low = 0
        var high = queue.count
        while low < high {
            let middle = (low + high) / 2
            if queue[middle].id < id { low = middle + 1 } else { high = middle }
        }
        guard low < queue.count, queue[low].id == id else { return nil }
        return queue.remove(at: low)
    }
}
