import DequeModule
import GodwitWire
import NIOCore

/// Messages that no carrier has been given in this numbering: without a number, by urgency, each urgency in the order of sending.
///
/// A message behind another of its lane takes the lower urgency of the two while both wait: it could not be delivered before it.
struct WaitingMessages: ~Copyable {
    struct Message {
        let id: LocalID
        let kind: MessageKind
        let lane: UInt64?
        /// Empty when nobody needs it any more.
        var body: ByteBuffer
        let bodyBytes: Int
        let compressible: Bool
        let early: EarlyUse
        let urgency: Urgency
        let deadline: NIODeadline
        /// False when a request's response interests nobody any more.
        var isAwaited = true
    }

    private struct Lane {
        /// How many of the lane wait at each urgency.
        var counts = PerUrgency(0)
        /// That of its last.
        var urgency: Urgency
    }

    private var queues = PerUrgency(Deque<Message>())
    /// Those that have something waiting.
    private var lanes: [UInt64: Lane] = [:]
    private(set) var count = 0
    /// Those that have something waiting.
    private(set) var urgencies = Urgencies.none

    mutating func append(_ message: Message) {
        var urgency = message.urgency
        if let lane = message.lane {
            urgency = max(urgency, lanes[lane]?.urgency ?? urgency)
            lanes[lane, default: Lane(urgency: urgency)].urgency = urgency
            lanes[lane]?.counts[urgency] += 1
        }
        queues[urgency].append(message)
        urgencies[urgency] = true
        count += 1
    }

    /// The next of an urgency; nil if there is none, or if one that must have its number before is more urgent.
    func first(_ urgency: Urgency) -> Message? { hasFirst(urgency) ? queues[urgency][0] : nil }

    /// The size of its body. Asked several times for each message, so nothing is copied.
    func firstBytes(_ urgency: Urgency) -> Int? { hasFirst(urgency) ? queues[urgency][0].bodyBytes : nil }

    private func hasFirst(_ urgency: Urgency) -> Bool {
        guard urgencies[urgency] else { return false }
        guard let number = queues[urgency][0].lane, let lane = lanes[number] else { return true }
        return Urgency.allCases.allSatisfy { $0 >= urgency || lane.counts[$0] == 0 }
    }

    mutating func popFirst(_ urgency: Urgency) -> Message? {
        guard urgencies[urgency] else { return nil }
        return left(queues[urgency].removeFirst(), urgency)
    }

    /// Takes a message out of the middle. A walk by halves: within an urgency identities rise.
    mutating func remove(_ id: LocalID) -> Message? {
        guard count > 0 else { return nil }
        for urgency in Urgency.allCases {
            var low = 0
            var high = queues[urgency].count
            while low < high {
                let middle = (low + high) / 2
                if queues[urgency][middle].id < id { low = middle + 1 } else { high = middle }
            }
            if low < queues[urgency].count, queues[urgency][low].id == id {
                return left(queues[urgency].remove(at: low), urgency)
            }
        }
        return nil
    }

    private mutating func left(_ message: Message, _ urgency: Urgency) -> Message {
        count -= 1
        urgencies[urgency] = !queues[urgency].isEmpty
        if let lane = message.lane {
            lanes[lane]?.counts[urgency] -= 1
            if let counts = lanes[lane]?.counts, Urgency.allCases.allSatisfy({ counts[$0] == 0 }) { lanes[lane] = nil }
        }
        return message
    }

    /// All, in no order.
    var all: [Message] { Urgency.allCases.flatMap { Array(queues[$0]) } }
}
