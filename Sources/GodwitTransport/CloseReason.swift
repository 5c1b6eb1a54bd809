import GodwitTLS
import GodwitWire

/// Why a connection ended.
package enum CloseReason: Error, Sendable, Equatable {
    case idleTimeout
    case handshakeTimeout
    /// The TLS handshake failed here.
    case tls(TLSError)
    /// The peer's application closed, with its code and text.
    case peer(code: UInt64, reason: String)
    /// Our application closed.
    case local(code: UInt64, reason: String)
    /// The peer broke the protocol and was told so.
    case protocolViolation(ProtocolError)
    /// The peer's transport closed because of an error that it saw.
    case peerError(TransportErrorCode, reason: String)
    /// So many packets were sent or forged that the keys must not be used for more, and they could not be replaced; connect again.
    case keyLimitReached
    /// The new address of the peer did not answer, and there was none to go back to.
    case pathLost
    /// The server has lost the connection, as when it was started again (RFC 9000 §10.3).
    case statelessReset
    /// The server speaks none of our versions.
    case versionMismatch(supported: [UInt8])
}

extension CloseReason: CustomStringConvertible {
    package var description: String {
        switch self {
        case .idleTimeout: "nothing was heard from the peer for the idle timeout"
        case .handshakeTimeout: "the handshake took too long; the server may be unreachable over UDP"
        case .tls(let error): "TLS failed: \(error)"
        case .peer(let code, let reason): "the peer closed with code \(code): \(reason)"
        case .local(let code, let reason): "closed here with code \(code): \(reason)"
        case .protocolViolation(let error): "the peer broke the protocol: \(error)"
        case .peerError(let code, let reason): "the peer's transport closed with \(code): \(reason)"
        case .keyLimitReached: "the packet keys are used up; connect again"
        case .pathLost: "the peer's address did not answer and there was none to go back to"
        case .statelessReset: "the server does not know the connection any more; connect again"
        case .versionMismatch(let supported):
            "the server supports only protocol versions \(supported); update the client or the server"
        }
    }
}

/// What a peer did that the protocol forbids.
package enum ProtocolError: Error, Sendable, Equatable {
    case frame(WireError)
    /// A frame that may not appear in this packet number space, or from this role.
    case frameNotAllowed(type: UInt64)
    case acknowledgedUnsentPacket(UInt64)
    /// Repair is said to have completed a message that was not sent in full.
    case recoveredUnsentMessage(UInt64)
    case flowControl(limit: UInt64)
    case messageLimit(UInt64)
    case messageTooLarge(bytes: UInt64, limit: Int)
    /// More of a large message than its permit says.
    case messageFlowControl(message: UInt64, limit: Int)
    /// A permit for a message that was never begun.
    case unsentMessage(UInt64)
    /// Two frames disagree on where a message ends.
    case inconsistentMessageEnd(message: UInt64)
    case tooManyFragments(message: UInt64)
    case handshakeBufferExceeded(limit: Int)
    /// A copy of a datagram from before packet 0.
    case datagramCopyOfNothing(distance: UInt64, packet: UInt64)
    case emptyPacket
    /// Two frames disagree on an ID of the peer.
    case inconsistentConnectionID(sequence: UInt64)
    /// An ID that was never issued, or the one of the very packet, was given up.
    case retiredConnectionID(sequence: UInt64)
    /// More IDs than we keep.
    case connectionIDLimit
    /// Bits of the first byte that this version leaves 0.
    case reservedBits(UInt8)
    /// The peer began a key phase before it can have known that we have a packet of the one before.
    case keyUpdateUnacknowledged
    /// A packet has older keys than one with a smaller number.
    case oldKeys(packet: UInt64)
    /// The peer has a packet under the new keys, and says so under the old ones.
    case acknowledgedUnderOldKeys(packet: UInt64)
}

extension ProtocolError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .frame(let error): "a frame cannot be read: \(error)"
        case .frameNotAllowed(let type): "a frame of type \(type) is not allowed here"
        case .acknowledgedUnsentPacket(let number): "packet \(number) was acknowledged but never sent"
        case .recoveredUnsentMessage(let id): "message \(id) was recovered but never sent in full"
        case .flowControl(let limit): "more than \(limit) bytes of messages were sent"
        case .messageLimit(let limit): "more than \(limit) messages were begun"
        case .messageTooLarge(let bytes, let limit):
            "a message of at least \(bytes) bytes is over the limit of \(limit)"
        case .messageFlowControl(let message, let limit): "more than \(limit) bytes of message \(message) were sent"
        case .unsentMessage(let message): "a permit for message \(message), which was never begun"
        case .inconsistentMessageEnd(let message): "frames disagree on where message \(message) ends"
        case .tooManyFragments(let message): "message \(message) came in too many pieces"
        case .handshakeBufferExceeded(let limit): "handshake data reaches over \(limit) bytes ahead"
        case .datagramCopyOfNothing(let distance, let packet):
            "packet \(packet) has a copy from \(distance) packets before it"
        case .emptyPacket: "a packet without frames"
        case .inconsistentConnectionID(let sequence): "frames disagree on connection ID \(sequence)"
        case .retiredConnectionID(let sequence): "connection ID \(sequence) cannot be given up"
        case .connectionIDLimit: "more connection IDs than are kept"
        case .keyUpdateUnacknowledged: "keys were updated again without an acknowledgement between"
        case .oldKeys(let packet): "packet \(packet) has older keys than one before it"
        case .acknowledgedUnderOldKeys(let packet): "packet \(packet) was acknowledged under keys older than its own"
        case .reservedBits(let bits): "reserved bits of the first byte are set (\(bits))"
        }
    }

    /// What the CLOSE frame says to the peer.
    package var code: TransportErrorCode {
        switch self {
        case .frame: .frameEncoding
        case .flowControl, .messageLimit, .messageFlowControl: .flowControl
        case .messageTooLarge, .unsentMessage, .inconsistentMessageEnd, .tooManyFragments: .messageState
        case .handshakeBufferExceeded: .handshakeBuffer
        case .frameNotAllowed, .acknowledgedUnsentPacket, .recoveredUnsentMessage, .datagramCopyOfNothing, .emptyPacket,
            .reservedBits,
            .inconsistentConnectionID, .retiredConnectionID:
            .protocolViolation
        case .connectionIDLimit: .connectionIDLimit
        case .keyUpdateUnacknowledged, .oldKeys, .acknowledgedUnderOldKeys: .keyUpdate
        }
    }
}

/// Codes in a transport CLOSE frame (docs/protocol.md, "Error codes"). Open: a peer may send codes of a later version.
package struct TransportErrorCode: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt64

    package init(rawValue: UInt64) {
        self.rawValue = rawValue
    }

    package static let noError = TransportErrorCode(rawValue: 0x0)
    package static let internalError = TransportErrorCode(rawValue: 0x1)
    package static let flowControl = TransportErrorCode(rawValue: 0x3)
    package static let messageState = TransportErrorCode(rawValue: 0x5)
    package static let frameEncoding = TransportErrorCode(rawValue: 0x7)
    /// More connection IDs than the receiver keeps.
    package static let connectionIDLimit = TransportErrorCode(rawValue: 0x9)
    package static let protocolViolation = TransportErrorCode(rawValue: 0xa)
    /// The application closed during the handshake; its code and text are not for packets that others can read.
    package static let applicationClosed = TransportErrorCode(rawValue: 0xc)
    package static let handshakeBuffer = TransportErrorCode(rawValue: 0xd)
    /// Keys were updated against the rules.
    package static let keyUpdate = TransportErrorCode(rawValue: 0xe)
    /// The sender's keys have protected as many packets as they may.
    package static let keyLimit = TransportErrorCode(rawValue: 0xf)
    /// The TLS handshake failed; the reason says how.
    package static let tlsFailure = TransportErrorCode(rawValue: 0x100)
}

extension TransportErrorCode: CustomStringConvertible {
    package var description: String {
        switch self {
        case .noError: "no error"
        case .internalError: "internal error"
        case .flowControl: "flow control error"
        case .messageState: "message state error"
        case .frameEncoding: "frame encoding error"
        case .connectionIDLimit: "connection ID limit"
        case .protocolViolation: "protocol violation"
        case .applicationClosed: "closed by the application"
        case .handshakeBuffer: "handshake buffer exceeded"
        case .keyUpdate: "key update error"
        case .keyLimit: "key limit reached"
        case .tlsFailure: "TLS failure"
        default: "error 0x" + String(rawValue, radix: 16)
        }
    }
}
