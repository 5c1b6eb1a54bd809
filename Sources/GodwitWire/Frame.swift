import NIOCore

/// One frame of a packet's payload. Data in it shares the packet's storage.
///
/// | type | frame | body |
/// |---|---|---|
/// | 0x00 | PADDING | - |
/// | 0x01 | PING | - |
/// | 0x02, 0x03 | ACK, ACK_ECN | `AckFrame` |
/// | 0x04 | HANDSHAKE | `HandshakeFrame` |
/// | 0x05 | HANDSHAKE_DONE | stateless reset token (16 bytes) |
/// | 0x06, 0x07 | CLOSE by transport, by application | `CloseFrame` |
/// | 0x10 | MAX_DATA | bytes (varint) |
/// | 0x11 | MAX_MESSAGES | messages (varint) |
/// | 0x12, 0x13 | PATH_CHALLENGE, PATH_RESPONSE | token (8 bytes) |
/// | 0x14 | MAX_MESSAGE_DATA | `MaxMessageDataFrame` |
/// | 0x15 | RESET_MESSAGE | `ResetMessageFrame` |
/// | 0x16 | KEEP_ALIVE | seconds (varint) |
/// | 0x18 | NEW_CONNECTION_ID | `NewConnectionIDFrame` |
/// | 0x19 | RETIRE_CONNECTION_ID | sequence (varint) |
/// | 0x20...0x27 | MESSAGE | `MessageFrame` |
/// | 0x30 | LOSS_REPORT | `LossReport` |
/// | 0x31 | DATAGRAM | `DatagramFrame` |
/// | 0x32 | REPAIR | `RepairFrame` |
/// | 0x33 | RECOVERED | `RecoveredFrame` |
/// | 0x34 | DATAGRAM_COPY | `DatagramCopyFrame` |
/// | 0x35...0x3f | extension, skipped if unknown | `ExtensionFrame` |
package enum Frame: Hashable, Sendable {
    /// So many bytes of zeros in a row.
    case padding(Int)
    case ping
    case ack(AckFrame)
    case handshake(HandshakeFrame)
    /// With the token of the ID that the handshake gave the client.
    case handshakeDone(StatelessResetToken)
    case close(CloseFrame)
    case maxData(UInt64)
    case maxMessages(UInt64)
    case pathChallenge(UInt64)
    case pathResponse(UInt64)
    /// A client asks to be asked after so many seconds of silence.
    case keepAlive(seconds: UInt64)
    case maxMessageData(MaxMessageDataFrame)
    case resetMessage(ResetMessageFrame)
    case newConnectionID(NewConnectionIDFrame)
    /// An ID of the receiver, by its sequence number, that the sender will not use again.
    case retireConnectionID(UInt64)
    case message(MessageFrame)
    case lossReport(LossReport)
    case datagram(DatagramFrame)
    case repair(RepairFrame)
    case recovered(RecoveredFrame)
    case datagramCopy(DatagramCopyFrame)
    case `extension`(ExtensionFrame)

    package enum Kind {
        package static let padding: UInt8 = 0x00
        package static let ping: UInt8 = 0x01
        package static let ack: UInt8 = 0x02
        package static let ackECN: UInt8 = 0x03
        package static let handshake: UInt8 = 0x04
        package static let handshakeDone: UInt8 = 0x05
        package static let transportClose: UInt8 = 0x06
        package static let applicationClose: UInt8 = 0x07
        package static let maxData: UInt8 = 0x10
        package static let maxMessages: UInt8 = 0x11
        package static let pathChallenge: UInt8 = 0x12
        package static let pathResponse: UInt8 = 0x13
        package static let keepAlive: UInt8 = 0x16
        package static let retireConnectionID: UInt8 = 0x19
        /// 0x1a is reserved: NEW_TOKEN.
        package static let newToken: UInt8 = 0x1a
        package static let messages: ClosedRange<UInt8> = 0x20...0x27
        /// Those that this version does not know.
        package static let extensions: ClosedRange<UInt8> = 0x35...0x3f
    }

    /// The largest encoding of a frame that is a type and one number, with a length between them at most.
    package static let maximumControlLength = 10
    package static let handshakeDoneLength = 1 + StatelessResetToken.length

    /// Reads one frame; nil at the end of the payload.
    package static func decode(from buffer: inout ByteBuffer) throws(WireError) -> Frame? {
        guard let kind = buffer.readInteger(as: UInt8.self) else { return nil }
        switch kind {
        case Kind.padding: return .padding(1 + skipPadding(&buffer))
        case Kind.ping: return .ping
        case Kind.ack: return .ack(try AckFrame(decoding: &buffer))
        case Kind.ackECN: return .ack(try AckFrame(decoding: &buffer, withECN: true))
        case Kind.handshake: return .handshake(try HandshakeFrame(decoding: &buffer))
        case Kind.handshakeDone: return .handshakeDone(try StatelessResetToken(decoding: &buffer))
        case Kind.transportClose: return .close(try CloseFrame(decoding: &buffer, byApplication: false))
        case Kind.applicationClose: return .close(try CloseFrame(decoding: &buffer, byApplication: true))
        case Kind.maxData: return .maxData(try buffer.readVarint())
        case Kind.maxMessages: return .maxMessages(try buffer.readVarint())
        case Kind.pathChallenge: return .pathChallenge(try token(&buffer))
        case Kind.pathResponse: return .pathResponse(try token(&buffer))
        case Kind.keepAlive: return .keepAlive(seconds: try buffer.readVarint())
        case MaxMessageDataFrame.kind: return .maxMessageData(try MaxMessageDataFrame(decoding: &buffer))
        case ResetMessageFrame.kind: return .resetMessage(try ResetMessageFrame(decoding: &buffer))
        case NewConnectionIDFrame.kind: return .newConnectionID(try NewConnectionIDFrame(decoding: &buffer))
        case Kind.retireConnectionID: return .retireConnectionID(try buffer.readVarint())
        case Kind.messages: return .message(try MessageFrame(decoding: &buffer, kind: kind))
        case LossReport.kind: return .lossReport(try LossReport(decoding: &buffer))
        case DatagramFrame.kind: return .datagram(try DatagramFrame(decoding: &buffer))
        case RepairFrame.kind: return .repair(try RepairFrame(decoding: &buffer))
        case RecoveredFrame.kind: return .recovered(try RecoveredFrame(decoding: &buffer))
        case DatagramCopyFrame.kind: return .datagramCopy(try DatagramCopyFrame(decoding: &buffer))
        case Kind.extensions: return .extension(try ExtensionFrame(decoding: &buffer, kind: kind))
        default: throw .unknownFrameType(try kindValue(kind, &buffer))
        }
    }

    /// Reads a whole payload, for tests and fuzzing; connections read frame by frame.
    package static func decodeAll(from buffer: inout ByteBuffer) throws(WireError) -> [Frame] {
        var frames: [Frame] = []
        while let frame = try decode(from: &buffer) { frames.append(frame) }
        return frames
    }

    package func encode(into buffer: inout ByteBuffer) {
        switch self {
        case .padding(let count): buffer.writeRepeatingByte(0, count: count)
        case .ping: buffer.writeInteger(Kind.ping)
        case .ack(let frame): frame.encode(into: &buffer)
        case .handshake(let frame): frame.encode(into: &buffer)
        case .handshakeDone(let token):
            buffer.writeInteger(Kind.handshakeDone)
            token.write(into: &buffer)
        case .close(let frame): frame.encode(into: &buffer)
        case .maxData(let limit):
            buffer.writeInteger(Kind.maxData)
            buffer.writeVarint(limit)
        case .maxMessages(let limit):
            buffer.writeInteger(Kind.maxMessages)
            buffer.writeVarint(limit)
        case .pathChallenge(let token):
            buffer.writeInteger(Kind.pathChallenge)
            buffer.writeInteger(token)
        case .pathResponse(let token):
            buffer.writeInteger(Kind.pathResponse)
            buffer.writeInteger(token)
        case .keepAlive(let seconds):
            buffer.writeInteger(Kind.keepAlive)
            buffer.writeVarint(seconds)
        case .maxMessageData(let frame): frame.encode(into: &buffer)
        case .resetMessage(let frame): frame.encode(into: &buffer)
        case .newConnectionID(let frame): frame.encode(into: &buffer)
        case .retireConnectionID(let sequence):
            buffer.writeInteger(Kind.retireConnectionID)
            buffer.writeVarint(sequence)
        case .message(let frame): frame.encode(into: &buffer)
        case .lossReport(let report): report.encode(into: &buffer)
        case .datagram(let frame): frame.encode(into: &buffer)
        case .repair(let frame): frame.encode(into: &buffer)
        case .recovered(let frame): frame.encode(into: &buffer)
        case .datagramCopy(let frame): frame.encode(into: &buffer)
        case .extension(let frame): frame.encode(into: &buffer)
        }
    }

    /// The peer owes an acknowledgement for everything but padding, acknowledgements with their reports, and closing (RFC 9002 §2).
    package var isAckEliciting: Bool {
        switch self {
        case .padding, .ack, .close, .lossReport: false
        default: true
        }
    }

    /// The first byte as this version writes it, without a MESSAGE frame's option bits.
    package var kind: UInt8 {
        switch self {
        case .padding: Kind.padding
        case .ping: Kind.ping
        case .ack(let frame): frame.ecn == nil ? Kind.ack : Kind.ackECN
        case .handshake: Kind.handshake
        case .handshakeDone: Kind.handshakeDone
        case .close(let frame): frame.byApplication ? Kind.applicationClose : Kind.transportClose
        case .maxData: Kind.maxData
        case .maxMessages: Kind.maxMessages
        case .pathChallenge: Kind.pathChallenge
        case .pathResponse: Kind.pathResponse
        case .maxMessageData: MaxMessageDataFrame.kind
        case .resetMessage: ResetMessageFrame.kind
        case .keepAlive: Kind.keepAlive
        case .newConnectionID: NewConnectionIDFrame.kind
        case .retireConnectionID: Kind.retireConnectionID
        case .message: Kind.messages.lowerBound
        case .lossReport: LossReport.kind
        case .datagram: DatagramFrame.kind
        case .repair: RepairFrame.kind
        case .recovered: RecoveredFrame.kind
        case .datagramCopy: DatagramCopyFrame.kind
        case .extension(let frame): frame.kind
        }
    }

    private static func skipPadding(_ buffer: inout ByteBuffer) -> Int {
        let count =
            buffer.readableBytesView.firstIndex { $0 != 0 }.map { $0 - buffer.readerIndex } ?? buffer.readableBytes
        buffer.moveReaderIndex(forwardBy: count)
        return count
    }

    private static func token(_ buffer: inout ByteBuffer) throws(WireError) -> UInt64 {
        guard let token = buffer.readInteger(as: UInt64.self) else { throw .truncated }
        return token
    }

    /// The full type of an unknown frame, for the error: types are varints, of which this version uses those of one byte.
    private static func kindValue(_ kind: UInt8, _ buffer: inout ByteBuffer) throws(WireError) -> UInt64 {
        buffer.moveReaderIndex(to: buffer.readerIndex - 1)
        return try buffer.readVarint()
    }
}
