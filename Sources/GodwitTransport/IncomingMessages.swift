import DequeModule
import GodwitWire
import NIOCore

/// Messages on their way in: put together from frames, delivered once, within the limits that the peer was told.
struct IncomingMessages {
    private let maximumMessageBytes: Int
    private let windowBytes: UInt64
    private let windowMessages: UInt64

    private struct Partial {
        var buffer = ReassemblyBuffer()
        /// The message's length, once its end was seen.
        var length: Int?
    }

    private var partial: [UInt64: Partial] = [:]
    private var completed = RangeSet()
    private var ready: Deque<ByteBuffer> = []

    /// Bytes up to the highest offset of every message, and how many of them the application has taken.
    private var receivedBytes: UInt64 = 0
    private var takenBytes: UInt64 = 0
    private var takenMessages: UInt64 = 0
    /// The limits that the peer was last told.
    private(set) var maxData = ProtocolLimits.initialMaxData
    private(set) var maxMessages = ProtocolLimits.initialMaxMessages

    init(maximumMessageBytes: Int, windowBytes: Int, windowMessages: Int) {
        self.maximumMessageBytes = maximumMessageBytes
        self.windowBytes = max(UInt64(windowBytes), ProtocolLimits.initialMaxData)
        self.windowMessages = max(UInt64(windowMessages), ProtocolLimits.initialMaxMessages)
    }

    /// Whether the frame brings nothing but a message that is whole already.
    func has(_ frame: Frame) -> Bool {
        guard case .message(let frame) = frame else { return false }
        return completed.contains(frame.message)
    }

    mutating func receive(_ frame: MessageFrame) throws(ProtocolError) {
        guard frame.message < maxMessages else { throw .messageLimit(maxMessages) }
        let end = frame.offset + UInt64(frame.data.readableBytes)
        guard end <= UInt64(maximumMessageBytes) else {
            throw .messageTooLarge(bytes: end, limit: maximumMessageBytes)
        }
        guard !completed.contains(frame.message) else { return }
        if frame.offset == 0, frame.isLast, partial[frame.message] == nil {
            try use(end)
            complete(frame.message, Self.copy(frame.data))
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
        try use(UInt64(max(0, end - message.buffer.highest)))
        if message.buffer.insert(frame.data, at: offset) == .tooManyPieces { throw .tooManyFragments(message: id) }
        if let length = message.length, message.buffer.isComplete(upTo: length) {
            complete(id, message.buffer.takeAll(upTo: length))
        } else {
            partial[id] = message
        }
    }

    private mutating func use(_ bytes: UInt64) throws(ProtocolError) {
        guard bytes <= maxData - receivedBytes else { throw .flowControl(limit: maxData) }
        receivedBytes += bytes
    }

    private mutating func complete(_ id: UInt64, _ message: ByteBuffer) {
        completed.insert(id..<(id + 1))
        ready.append(message)
    }

    /// A small message must not hold on to the whole datagram that it came in.
    private static func copy(_ data: ByteBuffer) -> ByteBuffer {
        var copy = ByteBufferAllocator().buffer(capacity: data.readableBytes)
        copy.writeImmutableBuffer(data)
        return copy
    }

    /// The next whole message; taking it makes room for more.
    mutating func take() -> ByteBuffer? {
        guard let message = ready.popFirst() else { return nil }
        takenBytes += UInt64(message.readableBytes)
        takenMessages += 1
        return message
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
