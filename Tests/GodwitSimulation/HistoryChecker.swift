/// What must never happen to messages, whatever the network does.
package enum HistoryViolation: Error, Hashable, Sendable, CustomStringConvertible {
    case neverSent(Direction, number: UInt64)
    case changedBody(Direction, number: UInt64?)
    /// The session handed the same message out twice.
    case duplicate(Direction, number: UInt64, epoch: Epoch)
    case outOfOrder(Direction, lane: UInt64, number: UInt64, after: UInt64)
    /// The network was clean for long, and yet these did not come.
    case undelivered(Direction, numbers: [UInt64])
    case unanswered(numbers: [UInt64])
    case answeredTwice(number: UInt64)
    /// An end was told of a message that had ended before.
    case endedTwice(number: UInt64)
    /// A queue or table is larger than it may be, or not empty at the end.
    case unbounded(String, size: Int, limit: Int)
    /// The world stood still or ran without end.
    case noProgress(String)

    package enum Direction: String, Hashable, Sendable {
        case toServer = "to the server"
        case toClient = "to the client"
    }

    package var description: String {
        switch self {
        case .neverSent(let direction, let number):
            "message \(number) \(direction.rawValue) was delivered but never sent"
        case .changedBody(let direction, let number):
            "a body \(direction.rawValue) was changed (message \(number.map(String.init) ?? "unknown"))"
        case .duplicate(let direction, let number, let epoch):
            "message \(number) \(direction.rawValue) was delivered twice in \(epoch)"
        case .outOfOrder(let direction, let lane, let number, let after):
            "message \(number) \(direction.rawValue) came after \(after) in lane \(lane)"
        case .undelivered(let direction, let numbers): "messages \(numbers) \(direction.rawValue) were never delivered"
        case .unanswered(let numbers): "requests \(numbers) were never answered"
        case .endedTwice(let number): "message \(number) ended twice at its sender"
        case .answeredTwice(let number): "request \(number) was answered twice"
        case .unbounded(let what, let size, let limit): "\(what): \(size), at most \(limit) allowed"
        case .noProgress(let what): what
        }
    }
}

/// One run of session numbering: deliveries inside it must be unique. A restart of either process begins the next one, because
/// the memory of what was delivered died with the process; there the application's own keys take over.
package struct Epoch: Hashable, Sendable, CustomStringConvertible {
    package var client: Int
    package var server: Int

    package init(client: Int, server: Int) {
        self.client = client
        self.server = server
    }

    package var description: String { "client process \(client) with server process \(server)" }
}

/// Keeps one direction's history and judges each delivery.
package struct HistoryChecker {
    package let direction: HistoryViolation.Direction

    private var sent: [UInt64: Scenario.Message] = [:]
    private var delivered: Set<UInt64> = []
    /// Went with an OPEN once: the protocol lets each session that answered one deliver it.
    private var repeatable: Set<UInt64> = []
    /// Given up by their sender: they may come, once like any other, or not.
    private var waived: Set<UInt64> = []
    private var deliveredInEpoch: [UInt64: Epoch] = [:]
    private var newestInLane: [UInt64: UInt64] = [:]

    package init(_ direction: HistoryViolation.Direction) { self.direction = direction }

    /// The session has accepted the message; from now on it is owed. Accepting it again after a restart is no new message.
    package mutating func accepted(_ message: Scenario.Message) { sent[message.number] = message }

    /// The message need not arrive any more, because a process died that alone had it.
    package mutating func excused(_ number: UInt64) {
        if !delivered.contains(number) { sent[number] = nil }
    }

    /// The sender has given the message up.
    package mutating func waive(_ number: UInt64) { waived.insert(number) }

    /// A session has delivered a message to its application.
    ///
    /// - Parameter isEarly: it came with OPEN.
    /// - Returns: whether it is new to an application that knows the messages of former epochs.
    @discardableResult
    package mutating func deliver(
        _ payload: Payload?, epoch: Epoch, isEarly: Bool = false
    ) throws(HistoryViolation) -> Bool {
        guard let payload else { throw .changedBody(direction, number: nil) }
        let number = payload.number
        guard let message = sent[number] else { throw .neverSent(direction, number: number) }
        guard payload == Payload(number: number, length: message.length) else {
            throw .changedBody(direction, number: number)
        }
        if isEarly { repeatable.insert(number) }
        guard deliveredInEpoch[number] != epoch || repeatable.contains(number) else {
            throw .duplicate(direction, number: number, epoch: epoch)
        }
        deliveredInEpoch[number] = epoch
        guard delivered.insert(number).inserted else { return false }
        if let lane = message.lane {
            // Numbers rise with time, so within a lane they rise with the order of sending.
            if let newest = newestInLane[lane], newest > number {
                throw .outOfOrder(direction, lane: lane, number: number, after: newest)
            }
            newestInLane[lane] = number
        }
        return true
    }

    /// What is owed and has not come.
    package var missing: [UInt64] {
        sent.keys.filter { !delivered.contains($0) && !waived.contains($0) }.sorted()
    }

    package var isComplete: Bool { delivered.count + waived.count >= sent.count && missing.isEmpty }
}
