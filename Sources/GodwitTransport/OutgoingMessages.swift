import DequeModule
import GodwitWire
import NIOCore

/// Messages on their way out: queued, cut into frames, sent again, acknowledged.
///
/// Whole messages that nobody has begun and the pieces of large ones take turns, packet by packet, so that a large message does not
/// hold up small ones, nor many small ones a large one. What was lost goes first.
struct OutgoingMessages {
    private struct Message {
        var buffer: TransmissionBuffer
        /// An empty message has no bytes to tell what became of it.
        var emptyIsPending: Bool
    }

    private let limits: Limits
    /// From number `firstID`; nil when acknowledged.
    private var messages: Deque<Message?> = []
    private var firstID: UInt64 = 0
    /// The next message of which nothing was sent; those after it follow in order.
    private(set) var nextUnbegun: UInt64 = 0
    /// Begun, with fresh bytes left, in turn.
    private var begun: Deque<UInt64> = []
    /// With lost bytes; a message is in it at most once.
    private var again: Deque<UInt64> = []
    private var turnOfBegun = false
    private var credit = SendCredit()
    private(set) var queuedBytes = 0
    private(set) var queuedCount = 0

    struct Limits {
        let messageBytes: Int
        let queuedBytes: Int
        let queuedMessages: Int
    }

    init(limits: Limits) { self.limits = limits }

    private var endID: UInt64 { firstID + UInt64(messages.count) }

    var capacityBytes: Int {
        queuedCount < limits.queuedMessages ? max(0, limits.queuedBytes - queuedBytes) : 0
    }

    mutating func enqueue(_ message: ByteBuffer) throws(SendError) -> UInt64 {
        let bytes = message.readableBytes
        guard bytes <= limits.messageBytes else { throw .tooLarge(bytes: bytes, limit: limits.messageBytes) }
        // The span between the oldest message and the newest is bounded too, or one stuck message would let it grow.
        guard queuedCount < limits.queuedMessages, messages.count < 4 * limits.queuedMessages,
            bytes <= limits.queuedBytes - queuedBytes
        else { throw .queueFull }
        let id = endID
        messages.append(Message(buffer: TransmissionBuffer(message), emptyIsPending: bytes == 0))
        queuedBytes += bytes
        queuedCount += 1
        return id
    }

    mutating func raise(maxData: UInt64) { credit.raise(maxData: maxData) }
    mutating func raise(maxMessages: UInt64) { credit.raise(maxMessages: maxMessages) }

    /// Whether the peer's limits let anything be sent.
    var hasSendable: Bool { !again.isEmpty || !begun.isEmpty || canSendUnbegun }

    /// A message is begun only when the peer lets all of it be sent. Otherwise many could be begun and none completed, and the peer,
    /// which makes room as whole messages are taken, would never make any.
    private var canSendUnbegun: Bool {
        guard nextUnbegun < endID, credit.allowsMessage(nextUnbegun) else { return false }
        guard let message = self[nextUnbegun] else { return false }
        return message.buffer.count <= credit.remainingBytes
    }

    private subscript(id: UInt64) -> Message? {
        guard id >= firstID, id < endID else { return nil }
        return messages[Int(id - firstID)]
    }

    /// Below this many bytes a frame is not begun behind others: a message in two packets is lost twice as often.
    private static let minimumPiece = 256

    /// Writes one MESSAGE frame of at most `space` bytes. The caller writes nothing but MESSAGE frames behind it, since a frame that
    /// is the packet's last saves its length field.
    ///
    /// - Parameters:
    ///   - isAlone: no other message is in the packet yet.
    ///   - alignment: pieces end at multiples of it, so that a lost packet is one lost symbol.
    mutating func writeFrame(
        into packet: inout ByteBuffer, space: Int, isAlone: Bool, alignment: Int? = nil
    ) -> SentFrame? {
        guard let source = chooseSource() else { return nil }
        let id = source.id
        guard let message = self[id] else { return nil }
        guard let range = message.buffer.next(alignment: alignment) else {
            return writeEmptyFrame(id, message, source, into: &packet, space: space)
        }
        let room = space - MessageFrame.overhead(message: id, offset: UInt64(range.lowerBound))
        guard room > 0 else { return nil }
        let count: Int
        var padding = 0
        if range.count >= room {
            count = room
        } else {
            count = range.count
            // No room for the length field: zeros before the frame make it reach to the end, where it needs none.
            if count + Varint.length(of: UInt64(count)) > room { padding = room - count }
        }
        guard isAlone || count == range.count || count >= Self.minimumPiece else { return nil }
        let piece = range.lowerBound..<(range.lowerBound + count)
        guard let view = message.buffer.view(piece) else { return nil }
        sent(piece, of: id, from: source)
        packet.writeRepeatingByte(0, count: padding)
        MessageFrame.encode(
            message: id, offset: UInt64(piece.lowerBound), isLast: piece.upperBound == message.buffer.count, data: view,
            withLength: count + padding < room && hasSendable, into: &packet)
        return .message(id: id, offset: piece.lowerBound, count: count)
    }

    private mutating func writeEmptyFrame(
        _ id: UInt64, _ message: Message, _ source: Source, into packet: inout ByteBuffer, space: Int
    ) -> SentFrame? {
        guard message.emptyIsPending, space >= MessageFrame.overhead(message: id, offset: 0) + 1 else { return nil }
        MessageFrame.encode(
            message: id, offset: 0, isLast: true, data: ByteBufferView(), withLength: true, into: &packet)
        messages[Int(id - firstID)]?.emptyIsPending = false
        switch source {
        case .again: again.removeFirst()
        case .unbegun: nextUnbegun += 1
        case .begun: begun.removeFirst()
        }
        return .message(id: id, offset: 0, count: 0)
    }

    /// Writes a whole small message once more, if it is still needed and fits.
    ///
    /// - Parameter isLast: nothing follows in the packet, so the length field can be left out.
    func writeCopy(of id: UInt64, into packet: inout ByteBuffer, space: Int, isLast: Bool) -> SentFrame? {
        guard let buffer = self[id]?.buffer, let view = buffer.view(0..<buffer.count) else { return nil }
        let needed = MessageFrame.overhead(message: id, offset: 0) + buffer.count
        guard needed + (isLast ? 0 : Varint.length(of: UInt64(buffer.count))) <= space else { return nil }
        MessageFrame.encode(message: id, offset: 0, isLast: true, data: view, withLength: !isLast, into: &packet)
        return .message(id: id, offset: 0, count: buffer.count, isCopy: true)
    }

    /// Its bytes and what became of them, while it is not acknowledged.
    func buffer(of id: UInt64) -> TransmissionBuffer? { self[id]?.buffer }

    /// Whether all of it was sent at least once.
    func isBegunInFull(_ id: UInt64) -> Bool { id < nextUnbegun && self[id].map { $0.buffer.freshCount == 0 } ?? true }

    /// Whether nothing of it waits to be sent, now or again.
    func isAllSent(_ id: UInt64) -> Bool {
        id < nextUnbegun && self[id].map { !$0.buffer.hasPending && !$0.emptyIsPending } ?? true
    }

    /// Its length, while it is begun and not acknowledged.
    func pendingBytes(of id: UInt64) -> Int? { id < nextUnbegun ? self[id]?.buffer.count : nil }

    private enum Source {
        case again(UInt64)
        case begun(UInt64)
        case unbegun(UInt64)

        var id: UInt64 {
            switch self {
            case .again(let id), .begun(let id), .unbegun(let id): id
            }
        }
    }

    private func chooseSource() -> Source? {
        if let id = again.first { return .again(id) }
        if let id = begun.first, turnOfBegun || !canSendUnbegun { return .begun(id) }
        return canSendUnbegun ? .unbegun(nextUnbegun) : nil
    }

    private mutating func sent(_ piece: Range<Int>, of id: UInt64, from source: Source) {
        let index = Int(id - firstID)
        messages[index]?.buffer.sent(piece)
        guard let buffer = messages[index]?.buffer else { return }
        switch source {
        case .again:
            if !buffer.hasAgain { again.removeFirst() }
        case .begun:
            begun.removeFirst()
            if buffer.freshCount > 0 { begun.append(id) }
            turnOfBegun = false
        case .unbegun:
            credit.use(buffer.count)
            nextUnbegun += 1
            if buffer.freshCount > 0 { begun.append(id) }
            turnOfBegun = true
        }
    }

    /// - Returns: true when the whole message has now arrived.
    mutating func acknowledge(_ id: UInt64, offset: Int, count: Int) -> Bool {
        guard self[id] != nil else { return false }
        let index = Int(id - firstID)
        let wasWaiting = isWaitingAgain(id)
        messages[index]?.buffer.acknowledge(offset..<(offset + count))
        messages[index]?.emptyIsPending = false
        if wasWaiting, !isWaitingAgain(id) { again.removeAll { $0 == id } }
        guard let buffer = messages[index]?.buffer, buffer.isAcknowledged else { return false }
        queuedBytes -= buffer.count
        queuedCount -= 1
        messages[index] = nil
        while case .some(.none) = messages.first {
            messages.removeFirst()
            firstID += 1
        }
        return true
    }

    /// The piece may be lost: what has not been acknowledged of it is sent again.
    mutating func sendAgain(_ id: UInt64, offset: Int, count: Int) {
        guard self[id] != nil else { return }
        let index = Int(id - firstID)
        let wasWaiting = isWaitingAgain(id)
        messages[index]?.buffer.sendAgain(offset..<(offset + count))
        if messages[index]?.buffer.count == 0 { messages[index]?.emptyIsPending = true }
        if !wasWaiting, isWaitingAgain(id) { again.append(id) }
    }

    /// Whether the message belongs into `again`.
    private func isWaitingAgain(_ id: UInt64) -> Bool {
        guard let message = self[id], id < nextUnbegun else { return false }
        return message.buffer.hasAgain || message.emptyIsPending
    }
}
