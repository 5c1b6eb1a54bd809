import DequeModule
import GodwitWire
import NIOCore

/// Messages that have a number because something of them was sent, until the peer is known to have all of them or to know that they
/// will not come.
struct BegunMessages: ~Copyable {
    struct Message {
        let id: UInt64
        let urgency: Urgency
        let deadline: NIODeadline
        let length: Int
        var buffer: TransmissionBuffer
        /// An empty message has no bytes to tell what became of it.
        var emptyIsPending: Bool
        /// So many bytes the peer lets us send.
        var limit: Int
        /// Set when it was given up: nothing of it is sent any more but this.
        var reset: ResetMessageFrame.Reason?

        var freshRange: Range<Int> { buffer.freshStart..<max(buffer.freshStart, min(limit, length)) }

        /// In which of the ring's lists it is.
        var standing: Standing {
            guard reset == nil else { return Standing() }
            return Standing(
                hasAgain: buffer.hasAgain || emptyIsPending, hasFresh: !freshRange.isEmpty,
                awaitsPermission: limit < length)
        }

        mutating func change(_ body: (inout Message) -> Void) -> (before: Standing, after: Standing, urgency: Urgency) {
            let before = standing
            body(&self)
            return (before, standing, urgency)
        }
    }

    struct Standing {
        var hasAgain = false
        var hasFresh = false
        /// Large, and the peer has not said yet that all of it may come.
        var awaitsPermission = false
    }

    /// Messages with something to send, in turn; a message is in each at most once.
    private struct Ring {
        /// With lost bytes.
        var again: Deque<UInt64> = []
        /// With fresh bytes that the peer lets us send.
        var fresh: Deque<UInt64> = []
        /// Large ones that wait for the peer's word, or will.
        var unpermitted = 0
    }

    /// From number `firstNumber`; nil when settled.
    private var messages: Deque<Message?> = []
    private var firstNumber: UInt64 = 0
    private var rings = PerUrgency(Ring())
    /// Those whose lists are not empty.
    private(set) var sendable = Urgencies.none
    /// Given up, and the peer is to be told.
    private var resets: Deque<UInt64> = []

    /// - Parameter nextNumber: of the messages before, all are settled.
    init(nextNumber: UInt64 = 0) { firstNumber = nextNumber }

    var nextNumber: UInt64 { firstNumber + UInt64(messages.count) }
    /// From the oldest that is not settled to the newest.
    var span: Int { messages.count }

    private func index(_ number: UInt64) -> Int? {
        number >= firstNumber && number < nextNumber ? Int(number - firstNumber) : nil
    }

    /// The number of a message that is still wanted. A walk: cancelling is rare.
    func number(of id: UInt64) -> UInt64? {
        messages.firstIndex { $0?.id == id && $0?.reset == nil }.map { firstNumber + UInt64($0) }
    }

    /// Its length, while it is on its way and wanted.
    func length(of number: UInt64) -> Int? {
        guard let index = index(number), messages[index]?.reset == nil else { return nil }
        return messages[index]?.length
    }

    /// Its bytes and what became of them, while it is on its way and wanted.
    func buffer(of number: UInt64) -> TransmissionBuffer? {
        guard let index = index(number), messages[index]?.reset == nil else { return nil }
        return messages[index]?.buffer
    }

    /// Whether any message is on its way and wanted.
    var hasWanted: Bool { messages.contains { $0 != nil && $0?.reset == nil } }

    /// The next number, in a circle, of a message that was sent in full, is wanted, and has at most so many bytes.
    func nextSent(after number: UInt64?, maximumBytes: Int) -> UInt64? {
        let start = number.flatMap { index($0) }.map { $0 + 1 } ?? 0
        for step in messages.indices {
            let index = (start + step) % messages.count
            if let message = messages[index], message.reset == nil, message.length <= maximumBytes,
                message.buffer.freshCount == 0
            {
                return firstNumber + UInt64(index)
            }
        }
        return nil
    }

    func view(_ piece: Range<Int>, of number: UInt64) -> ByteBufferView? {
        index(number).flatMap { messages[$0]?.buffer.view(piece) }
    }

    mutating func begin(_ message: WaitingMessages.Message, urgency: Urgency) {
        let number = nextNumber
        let length = message.data.readableBytes
        let begun = Message(
            id: message.id, urgency: urgency, deadline: message.deadline, length: length,
            buffer: TransmissionBuffer(message.data), emptyIsPending: length == 0,
            limit: ProtocolLimits.initialMessageData)
        messages.append(begun)
        settle(number, from: Standing(), to: begun.standing, urgency)
    }

    /// The message whose lost bytes go next, and the first of them.
    func firstAgain(_ urgency: Urgency) -> (number: UInt64, range: Range<Int>)? {
        guard let number = rings[urgency].again.first, let index = index(number) else { return nil }
        return (number, messages[index]?.buffer.againRange ?? 0..<0)
    }

    /// The message whose fresh bytes go next, and those of them that may.
    func firstFresh(_ urgency: Urgency) -> (number: UInt64, range: Range<Int>)? {
        guard let number = rings[urgency].fresh.first, let index = index(number) else { return nil }
        return messages[index].map { (number, $0.freshRange) }
    }

    /// Large messages of which the peer has not permitted all.
    func unpermitted(_ urgency: Urgency) -> Int { rings[urgency].unpermitted }

    /// The piece is being written; other messages of its class have the next turn.
    mutating func sent(_ piece: Range<Int>, of number: UInt64) {
        change(number) {
            $0.buffer.sent(piece)
            $0.emptyIsPending = false
        }
        guard let index = index(number), let urgency = messages[index]?.urgency else { return }
        if rings[urgency].fresh.first == number, rings[urgency].fresh.count > 1 {
            rings[urgency].fresh.removeFirst()
            rings[urgency].fresh.append(number)
        }
    }

    /// - Returns: the message's name and length, when all of it has now arrived.
    mutating func acknowledge(
        _ number: UInt64, offset: Int, count: Int
    ) -> (id: UInt64, length: Int, deadline: NIODeadline)? {
        guard length(of: number) != nil else { return nil }
        change(number) {
            $0.buffer.acknowledge(offset..<(offset + count))
            $0.emptyIsPending = false
        }
        guard let index = index(number), let message = messages[index], message.buffer.isAcknowledged else {
            return nil
        }
        forget(number)
        return (message.id, message.length, message.deadline)
    }

    /// The piece may be lost: what has not been acknowledged of it is sent again.
    mutating func sendAgain(_ number: UInt64, offset: Int, count: Int) {
        guard length(of: number) != nil else { return }
        change(number) {
            $0.buffer.sendAgain(offset..<(offset + count))
            if $0.length == 0 { $0.emptyIsPending = true }
        }
    }

    /// The peer has made room for more of a large message. A smaller limit is older.
    mutating func raise(_ number: UInt64, limit: UInt64) {
        change(number) { $0.limit = max($0.limit, Int(clamping: limit)) }
    }

    // MARK: Giving up

    /// Nothing of the message is sent any more; the peer is told.
    ///
    /// - Returns: nil if it was not on its way.
    mutating func reset(
        _ number: UInt64, _ reason: ResetMessageFrame.Reason
    ) -> (length: Int, deadline: NIODeadline)? {
        guard let index = index(number), let length = length(of: number), let deadline = messages[index]?.deadline
        else {
            return nil
        }
        change(number) {
            $0.reset = reason
            $0.buffer = TransmissionBuffer()
        }
        resets.append(number)
        return (length, deadline)
    }

    var hasReset: Bool { !resets.isEmpty }

    mutating func writeReset(into packet: inout ByteBuffer, space: Int) -> SentFrame? {
        guard space >= ResetMessageFrame.maximumLength, let number = resets.popFirst(), let index = index(number),
            let message = messages[index], let reason = message.reset
        else { return nil }
        ResetMessageFrame(message: number, reason: reason, size: UInt64(message.length)).encode(into: &packet)
        return .resetMessage(number)
    }

    mutating func resetArrived(_ number: UInt64) {
        guard isReset(number) else { return }
        // It may have been thought lost.
        resets.removeAll { $0 == number }
        forget(number)
    }

    mutating func resetLost(_ number: UInt64) {
        guard isReset(number), !resets.contains(number) else { return }
        resets.append(number)
    }

    private func isReset(_ number: UInt64) -> Bool { index(number).map { messages[$0]?.reset != nil } ?? false }

    // MARK: The table

    private mutating func forget(_ number: UInt64) {
        guard let index = index(number) else { return }
        messages[index] = nil
        while case .some(.none) = messages.first {
            messages.removeFirst()
            firstNumber += 1
        }
    }

    /// Changes a message in its place, and its place in the ring.
    private mutating func change(_ number: UInt64, _ body: (inout Message) -> Void) {
        guard let index = index(number), let change = messages[index]?.change(body) else { return }
        settle(number, from: change.before, to: change.after, change.urgency)
    }

    private mutating func settle(_ number: UInt64, from before: Standing, to after: Standing, _ urgency: Urgency) {
        Self.settle(number, before.hasAgain, after.hasAgain, in: &rings[urgency].again)
        Self.settle(number, before.hasFresh, after.hasFresh, in: &rings[urgency].fresh)
        sendable[urgency] = !rings[urgency].again.isEmpty || !rings[urgency].fresh.isEmpty
        if before.awaitsPermission != after.awaitsPermission {
            rings[urgency].unpermitted += after.awaitsPermission ? 1 : -1
        }
    }

    private static func settle(_ number: UInt64, _ before: Bool, _ after: Bool, in list: inout Deque<UInt64>) {
        guard before != after else { return }
        if after {
            list.append(number)
        } else if list.first == number {
            list.removeFirst()
        } else {
            list.removeAll { $0 == number }
        }
    }
}
