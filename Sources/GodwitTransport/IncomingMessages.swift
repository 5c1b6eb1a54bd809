import DequeModule
import GodwitWire
import NIOCore

/// Messages on their way in: put together from frames, delivered once, within the limits that the peer was told.
///
/// The first part of every message counts against the connection's window. What is beyond, a peer may send only with a permit, which
/// comes when there is room for the whole message. So messages that wait to be taken or completed never keep small ones out.
package struct IncomingMessages: ~Copyable {
    let maximumMessageBytes: Int
    private let windowMessages: UInt64

    struct Partial {
        var buffer = ReassemblyBuffer()
        /// The message's length, once its end was seen or a repair symbol told it.
        var length: Int?
        var repair: RepairDecoder?
        /// A part of it was never received but solved for.
        var isRepaired = false
        /// How far the peer may send it.
        var limit = ProtocolLimits.initialMessageData
        var hasAsked = false
        /// Bytes reserved by its permit.
        var reserved = 0

        var awaitsPermit: Bool { hasAsked && reserved == 0 }

        /// So much of it is here that it must be large, or it is known to be.
        var needsPermit: Bool {
            !hasAsked && buffer.highest >= IncomingMessages.askAt && length.map { $0 > limit } ?? true
        }
    }

    private struct Whole {
        let data: ByteBuffer
        let reserved: Int
    }

    var partial: [UInt64: Partial] = [:]
    /// Numbers of which nothing more is expected.
    var settled = RangeSet()
    private var ready: Deque<Whole> = []
    /// With a permit each. They take turns with the others, so that whoever takes slowly still gets small ones.
    private var readyLarge: Deque<Whole> = []
    private var isTurnOfLarge = false
    private var window: ReceiveWindow
    private var permits: MessagePermits
    /// Repair symbols held, of all messages together.
    package internal(set) var heldRepairs = 0
    /// Repair symbols that told something new, and messages that they completed.
    var repairsUsed: UInt64 = 0
    var messagesRecovered: UInt64 = 0
    /// Whole by repair, which the peer does not know.
    var recovered: Deque<UInt64> = []

    /// Bytes of first parts up to the highest offset of every message, and how many of them have been taken or moved to a permit.
    private var receivedBytes: UInt64 = 0
    private var takenBytes: UInt64 = 0
    private var takenMessages: UInt64 = 0
    /// The limit that the peer was last told.
    private(set) var maxMessages = ProtocolLimits.initialMaxMessages
    var maxData: UInt64 { window.limit }

    package struct Limits {
        let messageBytes: Int
        let windowBytes: Int
        /// To which the window may grow.
        let maximumWindowBytes: Int
        let windowMessages: Int
        /// Room for the rest of large messages.
        let permitBytes: Int

        init(_ configuration: TransportConfiguration) {
            self.init(
                messageBytes: configuration.maximumMessageBytes, windowBytes: configuration.receiveWindowBytes,
                maximumWindowBytes: configuration.maximumReceiveWindowBytes,
                windowMessages: configuration.receiveWindowMessages, permitBytes: configuration.largeMessageRoomBytes)
        }

        package init(
            messageBytes: Int, windowBytes: Int, maximumWindowBytes: Int, windowMessages: Int, permitBytes: Int
        ) {
            self.messageBytes = messageBytes
            self.windowBytes = windowBytes
            self.maximumWindowBytes = maximumWindowBytes
            self.windowMessages = windowMessages
            self.permitBytes = permitBytes
        }
    }

    package init(limits: Limits) {
        maximumMessageBytes = limits.messageBytes
        windowMessages = max(UInt64(limits.windowMessages), ProtocolLimits.initialMaxMessages)
        window = ReceiveWindow(bytes: limits.windowBytes, maximum: limits.maximumWindowBytes)
        permits = MessagePermits(budget: max(limits.permitBytes, limits.messageBytes))
    }

    /// Messages of which something is here; for tests.
    var partialCount: Int { partial.count }
    /// Those that wait for a permit; for tests.
    var waitingForPermit: Int { permits.waitingCount }

    /// Whether the frame brings nothing but a message that is whole already.
    func has(_ frame: Frame) -> Bool {
        switch frame {
        case .message(let frame): settled.contains(frame.message)
        case .repair(let frame): settled.contains(frame.message)
        default: false
        }
    }

    // MARK: Arriving

    package mutating func receive(_ frame: MessageFrame) throws(ProtocolError) {
        guard frame.message < maxMessages else { throw .messageLimit(maxMessages) }
        let end = frame.offset + UInt64(frame.data.readableBytes)
        guard end <= UInt64(maximumMessageBytes) else {
            throw .messageTooLarge(bytes: end, limit: maximumMessageBytes)
        }
        guard !settled.contains(frame.message) else { return }
        if frame.offset == 0, frame.isLast, partial.isEmpty || partial[frame.message] == nil {
            // Short, for it has come in one packet.
            try use(Int(end), reserved: 0)
            complete(frame.message, frame.data.detached(), reserved: 0)
            return
        }
        try receivePiece(frame, offset: Int(frame.offset), end: Int(end))
    }

    private mutating func receivePiece(_ frame: MessageFrame, offset: Int, end: Int) throws(ProtocolError) {
        let number = frame.message
        // Taken out, so that changing it copies nothing.
        var message = partial.removeValue(forKey: number) ?? Partial()
        if frame.isLast {
            guard message.length == nil || message.length == end, end >= message.buffer.highest else {
                throw .inconsistentMessageEnd(message: number)
            }
            message.length = end
        } else if let length = message.length, end > length {
            throw .inconsistentMessageEnd(message: number)
        }
        try insert(frame.data, at: offset, of: number, in: &message)
        let before = message.repair?.rowCount ?? 0
        message.repair?.arrived(offset..<end, received: message.buffer)
        try putBack(number, &message, rowsBefore: before)
    }

    mutating func insert(
        _ data: ByteBuffer, at offset: Int, of number: UInt64, in message: inout Partial
    ) throws(ProtocolError) {
        let end = offset + data.readableBytes
        guard end <= message.limit else { throw .messageFlowControl(message: number, limit: message.limit) }
        let news = Self.firstPart(max(end, message.buffer.highest)) - Self.firstPart(message.buffer.highest)
        try use(news, reserved: message.reserved)
        if message.buffer.insert(data, at: offset) == .tooManyPieces { throw .tooManyFragments(message: number) }
    }

    /// Puts what repair has solved into its place, and the message into its own.
    mutating func putBack(_ number: UInt64, _ message: inout Partial, rowsBefore: Int) throws(ProtocolError) {
        try insertSolutions(number, &message, rowsBefore: rowsBefore)
        if let length = message.length, message.buffer.isComplete(upTo: length) {
            forget(number, message)
            if message.isRepaired { noteRecovered(number) }
            complete(number, message.buffer.takeAll(upTo: length), reserved: message.reserved)
            return
        }
        let asks = message.needsPermit
        if asks { message.hasAsked = true }
        partial[number] = message
        if asks {
            permits.ask(for: number)
            givePermits()
        }
    }

    /// The message ends: it waits for nothing, and its repair symbols are held no longer.
    private mutating func forget(_ number: UInt64, _ message: Partial) {
        if message.awaitsPermit { permits.withdraw(number) }
        heldRepairs -= message.repair?.rowCount ?? 0
    }

    /// The peer will not complete a message.
    ///
    /// - Returns: whether that is news.
    package mutating func receive(_ frame: ResetMessageFrame) throws(ProtocolError) -> Bool {
        guard frame.message < maxMessages else { throw .messageLimit(maxMessages) }
        guard frame.size <= UInt64(maximumMessageBytes) else {
            throw .messageTooLarge(bytes: frame.size, limit: maximumMessageBytes)
        }
        guard !settled.contains(frame.message) else { return false }
        let size = Int(frame.size)
        let message = partial.removeValue(forKey: frame.message) ?? Partial()
        guard message.length == nil || message.length == size, size >= message.buffer.highest else {
            throw .inconsistentMessageEnd(message: frame.message)
        }
        forget(frame.message, message)
        try use(Self.firstPart(size) - Self.firstPart(message.buffer.highest), reserved: message.reserved)
        settled.insert(frame.message..<(frame.message + 1))
        taken(bytes: size, reserved: message.reserved)
        return true
    }

    private static func firstPart(_ bytes: Int) -> Int { min(bytes, ProtocolLimits.initialMessageData) }

    /// Counts bytes of a message's first part.
    private mutating func use(_ bytes: Int, reserved: Int) throws(ProtocolError) {
        guard UInt64(bytes) <= maxData - receivedBytes else { throw .flowControl(limit: maxData) }
        receivedBytes += UInt64(bytes)
        // They lie in what the permit has reserved.
        if reserved > 0 { takenBytes += UInt64(bytes) }
    }

    private mutating func complete(_ number: UInt64, _ data: ByteBuffer, reserved: Int) {
        settled.insert(number..<(number + 1))
        guard reserved > 0 else { return ready.append(Whole(data: data, reserved: 0)) }
        // Its length is known now.
        readyLarge.append(Whole(data: data, reserved: data.readableBytes))
        release(reserved - data.readableBytes)
    }

    // MARK: Permits

    /// So many bytes of a message tell that it is large, while most of its first part is still to come: with the permit on its way
    /// the sender need not stop.
    private static let askAt = ProtocolLimits.initialMessageData / 4

    private mutating func givePermits() {
        while let (number, bytes) = permits.next(need: { partial[$0].map { $0.length ?? maximumMessageBytes } }) {
            guard var message = partial.removeValue(forKey: number) else { continue }
            message.reserved = bytes
            message.limit = max(message.limit, bytes)
            takenBytes += UInt64(Self.firstPart(message.buffer.highest))
            partial[number] = message
        }
    }

    private mutating func release(_ bytes: Int) {
        permits.release(bytes)
        givePermits()
    }

    var hasPermitDue: Bool { permits.isDue }

    /// The next permit to tell the peer.
    package mutating func popPermit() -> MaxMessageDataFrame? {
        while let number = permits.popDue() {
            guard let message = partial[number] else { continue }
            return MaxMessageDataFrame(message: number, limit: UInt64(message.limit))
        }
        return nil
    }

    mutating func permitLost(_ number: UInt64) {
        if partial[number] != nil { permits.tellAgain(number) }
    }

    // MARK: Taking

    /// The next whole message; taking it makes room for more.
    package mutating func take() -> ByteBuffer? {
        isTurnOfLarge.toggle()
        let next = isTurnOfLarge ? readyLarge.popFirst() ?? ready.popFirst() : ready.popFirst() ?? readyLarge.popFirst()
        guard let next else { return nil }
        taken(bytes: next.data.readableBytes, reserved: next.reserved)
        return next.data
    }

    private mutating func taken(bytes: Int, reserved: Int) {
        takenMessages += 1
        if reserved > 0 {
            release(reserved)
        } else {
            takenBytes += UInt64(Self.firstPart(bytes))
        }
    }

    // MARK: Rest

    /// What is kept while no message is on its way.
    struct Resting {
        fileprivate let settled: RangeSet
        fileprivate let window: ReceiveWindow
        /// All of them were taken.
        fileprivate let receivedBytes: UInt64
        fileprivate let takenMessages: UInt64
        fileprivate let maxMessages: UInt64
    }

    /// Nil while any is.
    var resting: Resting? {
        guard partial.isEmpty, ready.isEmpty, readyLarge.isEmpty, recovered.isEmpty, heldBytes == 0, !hasPermitDue
        else { return nil }
        return Resting(
            settled: settled, window: window, receivedBytes: receivedBytes, takenMessages: takenMessages,
            maxMessages: maxMessages)
    }

    init(limits: Limits, waking resting: Resting) {
        self.init(limits: limits)
        settled = resting.settled
        window = resting.window
        receivedBytes = resting.receivedBytes
        takenBytes = resting.receivedBytes
        takenMessages = resting.takenMessages
        maxMessages = resting.maxMessages
    }

    /// Bytes that are held, or reserved for what is under way.
    package var heldBytes: UInt64 { receivedBytes - takenBytes + UInt64(permits.reserved) }

    /// - Returns: whether there is a new MAX_DATA to tell.
    package mutating func raiseMaxData(roundTrip: TimeAmount, now: NIODeadline) -> Bool {
        window.raise(taken: takenBytes, roundTrip: roundTrip, now: now)
    }

    package mutating func raiseMaxMessages() -> Bool {
        let limit = takenMessages + windowMessages
        guard limit >= maxMessages + windowMessages / 2 else { return false }
        maxMessages = limit
        return true
    }
}
