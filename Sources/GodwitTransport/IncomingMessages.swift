import DequeModule
import GodwitWire
import NIOCore

/// Messages on their way in: put together from frames, delivered once, within the limits that the peer was told.
package struct IncomingMessages {
    private let maximumMessageBytes: Int
    private let windowBytes: UInt64
    private let windowMessages: UInt64

    private struct Partial {
        var buffer = ReassemblyBuffer()
        /// The message's length, once its end was seen or a repair symbol told it.
        var length: Int?
        var repair: RepairDecoder?
        /// A part of it was never received but solved for.
        var isRepaired = false
    }

    private var partial: [UInt64: Partial] = [:]
    private var completed = RangeSet()
    private var ready: Deque<ByteBuffer> = []
    /// Repair symbols held, of all messages together.
    package private(set) var heldRepairs = 0
    /// Whole by repair, which the peer does not know.
    private var recovered: Deque<UInt64> = []

    /// As many as one message may need: a path on which several lose so much at once is better served by sending again.
    package static let maximumRepairRows = RepairDecoder.maximumColumns

    /// Bytes up to the highest offset of every message, and how many of them the application has taken.
    private var receivedBytes: UInt64 = 0
    private var takenBytes: UInt64 = 0
    private var takenMessages: UInt64 = 0
    /// Repair symbols that told something new, and messages that they completed.
    private(set) var repairsUsed: UInt64 = 0
    private(set) var messagesRecovered: UInt64 = 0
    /// The limits that the peer was last told.
    private(set) var maxData = ProtocolLimits.initialMaxData
    private(set) var maxMessages = ProtocolLimits.initialMaxMessages

    package init(maximumMessageBytes: Int, windowBytes: Int, windowMessages: Int) {
        self.maximumMessageBytes = maximumMessageBytes
        self.windowBytes = max(UInt64(windowBytes), ProtocolLimits.initialMaxData)
        self.windowMessages = max(UInt64(windowMessages), ProtocolLimits.initialMaxMessages)
    }

    /// Messages of which something is here; for tests.
    var partialCount: Int { partial.count }

    /// Whether the frame brings nothing but a message that is whole already.
    func has(_ frame: Frame) -> Bool {
        switch frame {
        case .message(let frame): completed.contains(frame.message)
        case .repair(let frame): completed.contains(frame.message)
        default: false
        }
    }

    package mutating func receive(_ frame: MessageFrame) throws(ProtocolError) {
        guard frame.message < maxMessages else { throw .messageLimit(maxMessages) }
        let end = frame.offset + UInt64(frame.data.readableBytes)
        guard end <= UInt64(maximumMessageBytes) else {
            throw .messageTooLarge(bytes: end, limit: maximumMessageBytes)
        }
        guard !completed.contains(frame.message) else { return }
        if frame.offset == 0, frame.isLast, partial.isEmpty || partial[frame.message] == nil {
            try use(end)
            complete(frame.message, frame.data.detached())
            return
        }
        try receivePiece(frame, offset: Int(frame.offset), end: Int(end))
    }

    private mutating func receivePiece(_ frame: MessageFrame, offset: Int, end: Int) throws(ProtocolError) {
        let id = frame.message
        // Taken out, so that changing it copies nothing.
        var message = partial.removeValue(forKey: id) ?? Partial()
        if frame.isLast {
            guard message.length == nil || message.length == end, end >= message.buffer.highest else {
                throw .inconsistentMessageEnd(message: id)
            }
            message.length = end
        } else if let length = message.length, end > length {
            throw .inconsistentMessageEnd(message: id)
        }
        try insert(frame.data, at: offset, of: id, in: &message)
        let before = message.repair?.rowCount ?? 0
        message.repair?.arrived(offset..<end, received: message.buffer)
        try settle(id, &message, rowsBefore: before)
    }

    /// Takes a repair symbol. One that cannot be used is dropped, as if it had been lost.
    package mutating func receive(_ frame: RepairFrame) throws(ProtocolError) {
        let id = frame.message
        guard id < maxMessages else { throw .messageLimit(maxMessages) }
        guard frame.messageBytes <= UInt64(maximumMessageBytes) else {
            throw .messageTooLarge(bytes: frame.messageBytes, limit: maximumMessageBytes)
        }
        guard !completed.contains(id) else { return }
        let length = Int(frame.messageBytes)
        if let known = partial[id], known.length.map({ $0 != length }) ?? (length < known.buffer.highest) {
            throw .inconsistentMessageEnd(message: id)
        }
        guard heldRepairs < Self.maximumRepairRows, partial[id]?.repair != nil || RepairDecoder(frame) != nil else {
            return
        }
        let known = partial.removeValue(forKey: id)
        var message = known ?? Partial()
        message.length = length
        var decoder = message.repair ?? RepairDecoder(frame)
        let before = decoder?.rowCount ?? 0
        if decoder?.add(frame, received: message.buffer) ?? false {
            repairsUsed += 1
        } else if known == nil {
            // Nothing else would bound how many messages are remembered of which nothing is here.
            return
        }
        message.repair = decoder
        try settle(id, &message, rowsBefore: before)
    }

    private mutating func insert(
        _ data: ByteBuffer, at offset: Int, of id: UInt64, in message: inout Partial
    ) throws(ProtocolError) {
        try use(UInt64(max(0, offset + data.readableBytes - message.buffer.highest)))
        if message.buffer.insert(data, at: offset) == .tooManyPieces { throw .tooManyFragments(message: id) }
    }

    /// Puts solved symbols into their places, and the message into its own.
    private mutating func settle(_ id: UInt64, _ message: inout Partial, rowsBefore: Int) throws(ProtocolError) {
        while let solution = message.repair?.takeSolution() {
            try insert(ByteBuffer(bytes: solution.bytes), at: solution.offset, of: id, in: &message)
            message.isRepaired = true
        }
        heldRepairs += (message.repair?.rowCount ?? 0) - rowsBefore
        guard let length = message.length, message.buffer.isComplete(upTo: length) else {
            partial[id] = message
            return
        }
        heldRepairs -= message.repair?.rowCount ?? 0
        if message.isRepaired {
            messagesRecovered += 1
            recovered.append(id)
        }
        complete(id, message.buffer.takeAll(upTo: length))
    }

    /// A message that repair completed since the last call.
    package mutating func takeRecovered() -> UInt64? { recovered.popFirst() }

    private mutating func use(_ bytes: UInt64) throws(ProtocolError) {
        guard bytes <= maxData - receivedBytes else { throw .flowControl(limit: maxData) }
        receivedBytes += bytes
    }

    private mutating func complete(_ id: UInt64, _ message: ByteBuffer) {
        completed.insert(id..<(id + 1))
        ready.append(message)
    }

    /// The next whole message; taking it makes room for more.
    package mutating func take() -> ByteBuffer? {
        guard let message = ready.popFirst() else { return nil }
        takenBytes += UInt64(message.readableBytes)
        takenMessages += 1
        return message
    }

    /// Gives back room that is empty.
    mutating func rest() {
        if ready.isEmpty { ready = [] }
        if partial.isEmpty { partial = [:] }
    }

    /// Bytes held: of messages under way and of whole ones not taken.
    var heldBytes: UInt64 { receivedBytes - takenBytes }

    /// The next limit to tell the peer, once half of the window is used up: telling it more often costs bytes.
    mutating func raiseMaxData() -> Bool {
        let limit = takenBytes + windowBytes
        guard limit >= maxData + windowBytes / 2 else { return false }
        maxData = limit
        return true
    }

    mutating func raiseMaxMessages() -> Bool {
        let limit = takenMessages + windowMessages
        guard limit >= maxMessages + windowMessages / 2 else { return false }
        maxMessages = limit
        return true
    }
}
