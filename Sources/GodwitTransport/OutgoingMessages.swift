import GodwitWire
import NIOCore

/// Messages on their way out: queued by urgency, cut into frames, sent again, acknowledged, or given up.
///
/// The most urgent class goes first. Within a class, what was lost goes first; then whole messages that nobody has begun and the pieces
/// of large ones take turns, packet by packet, so that a large message does not hold up small ones, nor many small ones a large one. A
/// message gets its number on the wire when its first byte is written.
struct OutgoingMessages: ~Copyable {
    private let limits: Limits
    private var waiting = WaitingMessages()
    private var begun = BegunMessages()
    private var turns = UrgencyTurns()
    private var turnOfBegun = PerUrgency(false)
    private var credit = SendCredit()
    private var deadlines = DeadlineQueue()
    private var nextID: UInt64 = 0
    private(set) var queuedBytes = 0
    private(set) var queuedCount = 0

    struct Limits {
        let messageBytes: Int
        let queuedBytes: Int
        let queuedMessages: Int
    }

    init(limits: Limits) { self.limits = limits }

    /// The number that the next message to be begun gets.
    var nextNumber: UInt64 { begun.nextNumber }
    /// Numbers from the oldest that is not settled to the newest.
    var begunSpan: Int { begun.span }

    /// Room for messages of an urgency. The less urgent leave a quarter each to those that are more so.
    func capacityBytes(for urgency: Urgency = .control) -> Int {
        let share = 4 - Int(urgency.rawValue)
        guard queuedCount < limits.queuedMessages * share / 4 else { return 0 }
        return max(0, limits.queuedBytes * share / 4 - queuedBytes)
    }

    /// - Returns: the message's name here; it rises from message to message.
    mutating func enqueue(
        _ message: ByteBuffer, urgency: Urgency, deadline: NIODeadline
    ) throws(SendError) -> UInt64 {
        let bytes = message.readableBytes
        guard bytes <= limits.messageBytes else { throw .tooLarge(bytes: bytes, limit: limits.messageBytes) }
        guard queuedCount < limits.queuedMessages, bytes <= limits.queuedBytes - queuedBytes else { throw .queueFull }
        let id = nextID
        nextID += 1
        waiting.append(WaitingMessages.Message(id: id, data: message, deadline: deadline), urgency: urgency)
        if deadline < .distantFuture { deadlines.insert(id, deadline: deadline) }
        queuedBytes += bytes
        queuedCount += 1
        return id
    }

    mutating func raise(maxData: UInt64) { credit.raise(maxData: maxData) }
    mutating func raise(maxMessages: UInt64) { credit.raise(maxMessages: maxMessages) }
    mutating func raise(_ frame: MaxMessageDataFrame) throws(ProtocolError) {
        guard frame.message < begun.nextNumber else { throw .unsentMessage(frame.message) }
        begun.raise(frame.message, limit: frame.limit)
    }

    // MARK: What goes next

    /// Whether the peer's limits let anything be sent.
    var hasSendable: Bool { begun.hasReset || !sendable.isEmpty }

    private var sendable: Urgencies {
        var urgencies = begun.sendable
        var others = waiting.urgencies
        while let urgency = others.mostUrgent {
            others[urgency] = false
            if !urgencies[urgency], nextToBegin(urgency) != nil { urgencies[urgency] = true }
        }
        return urgencies
    }

    private enum Size { case small, large }

    /// Large messages of an urgency whose rest the peer has not yet permitted: their first parts use up the connection's window.
    private static let maximumUnpermitted = 2

    /// The message to begin next. It is begun only when the connection's window covers its first part, which for a small message is
    /// all of it: otherwise many could be begun and none completed, and the peer, which makes room as whole messages are taken, would
    /// never make any.
    private func nextToBegin(_ urgency: Urgency) -> Size? {
        guard waiting.urgencies[urgency], credit.allowsMessage(begun.nextNumber), begun.span < 4 * limits.queuedMessages
        else {
            return nil
        }
        let small = waiting.firstSmall(urgency).flatMap { $0.bytes <= credit.remainingBytes ? $0.id : nil }
        let large = waiting.firstLarge(urgency).flatMap { message in
            begun.unpermitted(urgency) < Self.maximumUnpermitted
                && ProtocolLimits.initialMessageData <= credit.remainingBytes ? message.id : nil
        }
        switch (small, large) {
        case (nil, nil): return nil
        case (_?, nil): return .small
        case (nil, _?): return .large
        case (let small?, let large?): return small < large ? .small : .large
        }
    }

    /// A piece of a message to be written.
    private struct Piece {
        let number: UInt64
        let length: Int
        var range: Range<Int>
        /// Set for a message that begins with it.
        var begins: Size?
        var isFresh = true
        /// Zeros before the frame.
        var padding = 0
        /// Nothing fits behind it.
        var fillsPacket = false
    }

    /// All that could be sent next of an urgency's messages.
    private func nextPiece(_ urgency: Urgency) -> Piece? {
        if let (number, range) = begun.firstAgain(urgency), let length = begun.length(of: number) {
            return Piece(number: number, length: length, range: range, isFresh: false)
        }
        let size = nextToBegin(urgency)
        if let (number, range) = begun.firstFresh(urgency), turnOfBegun[urgency] || size == nil,
            let length = begun.length(of: number)
        {
            return Piece(number: number, length: length, range: range)
        }
        guard let size, let message = size == .small ? waiting.firstSmall(urgency) : waiting.firstLarge(urgency) else {
            return nil
        }
        return Piece(
            number: begun.nextNumber, length: message.bytes,
            range: 0..<min(message.bytes, ProtocolLimits.initialMessageData), begins: size)
    }

    // MARK: Writing

    /// Below this many bytes a frame is not begun behind others: a message in two packets is lost twice as often.
    private static let minimumPiece = 256

    /// Writes one MESSAGE or RESET_MESSAGE frame of at most `space` bytes. The caller writes nothing but these behind it, since a frame
    /// that is the packet's last saves its length field.
    ///
    /// - Parameters:
    ///   - isAlone: no other message is in the packet yet.
    ///   - alignment: pieces end at multiples of it, so that a lost packet is one lost symbol.
    mutating func writeFrame(
        into packet: inout ByteBuffer, space: Int, isAlone: Bool, alignment: Int? = nil
    ) -> SentFrame? {
        if begun.hasReset { return begun.writeReset(into: &packet, space: space) }
        let sendable = sendable
        guard let urgency = turns.next(sendable), let whole = nextPiece(urgency),
            let piece = Self.cut(whole, space: space, isAlone: isAlone, alignment: alignment)
        else { return nil }
        if let size = piece.begins { begin(size, urgency) }
        begun.sent(piece.range, of: piece.number)
        if piece.isFresh { turnOfBegun[urgency] = piece.begins != nil }
        guard let view = begun.view(piece.range, of: piece.number) else { return nil }
        packet.writeRepeatingByte(0, count: piece.padding)
        MessageFrame.encode(
            message: piece.number, offset: UInt64(piece.range.lowerBound),
            isLast: piece.range.upperBound == piece.length, data: view,
            // What pads a short packet would become data of an empty message.
            withLength: piece.length == 0 || !piece.fillsPacket && hasSendable, into: &packet)
        turns.sent(piece.range.count, by: urgency, waiting: sendable)
        return .message(number: piece.number, offset: piece.range.lowerBound, count: piece.range.count)
    }

    private mutating func begin(_ size: Size, _ urgency: Urgency) {
        guard let message = size == .small ? waiting.popSmall(urgency) : waiting.popLarge(urgency) else { return }
        credit.use(min(message.data.readableBytes, ProtocolLimits.initialMessageData))
        begun.begin(message, urgency: urgency)
    }

    /// As much of a piece as there is room for; nil when that is not worth a frame.
    private static func cut(_ whole: Piece, space: Int, isAlone: Bool, alignment: Int?) -> Piece? {
        let start = whole.range.lowerBound
        let room = space - MessageFrame.overhead(message: whole.number, offset: UInt64(start))
        guard room > 0 else { return nil }
        var piece = whole
        if let alignment { piece.range = whole.range.prefix((start / alignment + 1) * alignment - start) }
        let count = piece.range.count
        if count >= room {
            piece.range = piece.range.prefix(room)
            piece.fillsPacket = true
        } else if count + Varint.length(of: UInt64(count)) > room {
            // No room for the length field: zeros before the frame make it reach to the end, where it needs none.
            piece.padding = room - count
            piece.fillsPacket = true
        }
        guard isAlone || piece.range.count == count || piece.range.count >= minimumPiece else { return nil }
        return piece
    }

    /// Writes a whole small message once more, if it is still needed and fits.
    ///
    /// - Parameter isLast: nothing follows in the packet, so the length field can be left out.
    func writeCopy(of number: UInt64, into packet: inout ByteBuffer, space: Int, isLast: Bool) -> SentFrame? {
        guard let length = begun.length(of: number), let view = begun.view(0..<length, of: number) else { return nil }
        // What pads a short packet would become data of an empty message.
        let withLength = !isLast || length == 0
        let needed = MessageFrame.overhead(message: number, offset: 0) + length
        guard needed + (withLength ? Varint.length(of: UInt64(length)) : 0) <= space else { return nil }
        MessageFrame.encode(message: number, offset: 0, isLast: true, data: view, withLength: withLength, into: &packet)
        return .message(number: number, offset: 0, count: length, isCopy: true)
    }

    /// Its length, while it is begun, wanted and not acknowledged.
    func pendingBytes(of number: UInt64) -> Int? { begun.length(of: number) }

    /// Its bytes and what became of them, while it is begun, wanted and not acknowledged.
    func buffer(of number: UInt64) -> TransmissionBuffer? { begun.buffer(of: number) }

    /// Whether any message is begun, wanted and not acknowledged.
    var hasUnacknowledged: Bool { begun.hasWanted }

    /// Of the messages of at most so many bytes that were sent in full and are not acknowledged, the one behind `number`, and the oldest
    /// behind the last.
    func nextToRepeat(after number: UInt64?, maximumBytes: Int) -> UInt64? {
        begun.nextSent(after: number, maximumBytes: maximumBytes)
    }

    /// Whether all of it was sent at least once, or it was given up after it was begun.
    func isBegunInFull(_ number: UInt64) -> Bool {
        number < begun.nextNumber && buffer(of: number).map { $0.freshCount == 0 } ?? true
    }

    /// Whether nothing of it waits to be sent, now or again.
    func isAllSent(_ number: UInt64) -> Bool {
        number < begun.nextNumber && buffer(of: number).map { !$0.hasPending } ?? true
    }

    // MARK: What becomes of it

    /// - Returns: the message's name, when all of it has now arrived.
    mutating func acknowledge(_ number: UInt64, offset: Int, count: Int) -> UInt64? {
        guard let message = begun.acknowledge(number, offset: offset, count: count) else { return nil }
        left(message.id, bytes: message.length, deadline: message.deadline)
        return message.id
    }

    /// The piece may be lost: what has not been acknowledged of it is sent again.
    mutating func sendAgain(_ number: UInt64, offset: Int, count: Int) {
        begun.sendAgain(number, offset: offset, count: count)
    }

    mutating func resetArrived(_ number: UInt64) { begun.resetArrived(number) }
    mutating func resetLost(_ number: UInt64) { begun.resetLost(number) }

    /// A message that is not sent any more. Where it had a number, the peer is told.
    struct GivenUp {
        let id: UInt64
        /// Nil if nothing of it was ever sent.
        let number: UInt64?
    }

    /// - Returns: nil when it has arrived, or was given up before.
    mutating func giveUp(_ id: UInt64, _ reason: ResetMessageFrame.Reason) -> GivenUp? {
        if let message = waiting.remove(id) {
            left(id, bytes: message.data.readableBytes, deadline: message.deadline)
            return GivenUp(id: id, number: nil)
        }
        guard let number = begun.number(of: id), let message = begun.reset(number, reason) else { return nil }
        left(id, bytes: message.length, deadline: message.deadline)
        return GivenUp(id: id, number: number)
    }

    /// When the next message is late.
    var earliestDeadline: NIODeadline? { deadlines.earliest }

    /// Gives up one message whose deadline has passed.
    mutating func giveUpLate(now: NIODeadline) -> GivenUp? {
        while let id = deadlines.popLate(now: now) {
            if let givenUp = giveUp(id, .late) { return givenUp }
        }
        return nil
    }

    // MARK: Rest

    /// What is kept while no message is on its way.
    struct Resting {
        fileprivate let nextNumber: UInt64
        fileprivate let nextID: UInt64
        fileprivate let credit: SendCredit
    }

    /// Nil while any is.
    var resting: Resting? {
        guard queuedCount == 0, begun.span == 0 else { return nil }
        return Resting(nextNumber: begun.nextNumber, nextID: nextID, credit: credit)
    }

    init(limits: Limits, waking resting: Resting) {
        self.limits = limits
        begun = BegunMessages(nextNumber: resting.nextNumber)
        nextID = resting.nextID
        credit = resting.credit
    }

    private mutating func left(_ id: UInt64, bytes: Int, deadline: NIODeadline) {
        if deadline < .distantFuture { deadlines.remove(id, deadline: deadline) }
        queuedBytes -= bytes
        queuedCount -= 1
    }
}

extension OutgoingMessages.Limits {
    init(_ configuration: TransportConfiguration) {
        self.init(
            messageBytes: configuration.maximumMessageBytes, queuedBytes: configuration.maximumQueuedBytes,
            queuedMessages: configuration.maximumQueuedMessages)
    }
}

extension Range<Int> {
    fileprivate func prefix(_ count: Int) -> Range<Int> { lowerBound..<Swift.min(upperBound, lowerBound + count) }
}
