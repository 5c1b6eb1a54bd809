import GodwitWire

/// What a peer did wrong. The carrier that brought it is closed with `code`.
package enum SessionError: Error, Hashable, Sendable {
    case envelope(EnvelopeError)
    /// The envelope cannot come in this state or from this side.
    case unexpected(envelope: String)
    /// OPEN has a session version that this end does not speak.
    case unsupportedVersion(UInt8)
    /// A newer OPEN of the same client process is already served.
    case staleOpen(attempt: UInt64, newest: UInt64)
    /// The session table is full and nothing in it may be evicted.
    case tableFull(limit: Int)
    /// A message beyond the window that the protocol allows.
    case sequenceBeyondWindow(sequence: UInt64, limit: UInt64)
    /// `after` points before the first message.
    case predecessorBeforeFirst(sequence: UInt64, after: UInt64)
    /// An acknowledgement of something never sent.
    case acknowledgementOfUnsent(acknowledged: UInt64, lastSent: UInt64)
    /// A response to a request number that cannot be.
    case responseToUnsent(request: UInt64, lastSent: UInt64)
    /// More bytes held back for their order than the protocol's window.
    case heldBackOverflow(bytes: Int, limit: Int)
    case compression(CompressionError)

    /// Carried by the carrier's close: 0x20...0x2a.
    package var code: UInt64 {
        switch self {
        case .envelope: 0x20
        case .unexpected: 0x21
        case .unsupportedVersion: 0x22
        case .staleOpen: 0x23
        case .tableFull: 0x24
        case .sequenceBeyondWindow: 0x25
        case .predecessorBeforeFirst: 0x26
        case .acknowledgementOfUnsent: 0x27
        case .responseToUnsent: 0x28
        case .heldBackOverflow: 0x29
        case .compression: 0x2a
        }
    }

    /// A bounded label.
    package var name: String {
        switch self {
        case .envelope: "envelope"
        case .unexpected: "unexpected_envelope"
        case .unsupportedVersion: "unsupported_version"
        case .staleOpen: "stale_open"
        case .tableFull: "table_full"
        case .sequenceBeyondWindow: "sequence_beyond_window"
        case .predecessorBeforeFirst: "predecessor_before_first"
        case .acknowledgementOfUnsent: "acknowledgement_of_unsent"
        case .responseToUnsent: "response_to_unsent"
        case .heldBackOverflow: "held_back_overflow"
        case .compression: "compression"
        }
    }
}

extension SessionError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .envelope(let error): error.description
        case .unexpected(let envelope): "\(envelope) is not expected now or not from this side"
        case .unsupportedVersion(let version):
            "session version \(version) is not spoken here, only \(OpenEnvelope.version); update the older end"
        case .staleOpen(let attempt, let newest): "attempt \(attempt) comes after attempt \(newest) of the same client"
        case .tableFull(let limit): "all \(limit) sessions are in use; try again later"
        case .sequenceBeyondWindow(let sequence, let limit):
            "message \(sequence) is beyond the window, which ends at \(limit)"
        case .predecessorBeforeFirst(let sequence, let after):
            "message \(sequence) waits for one \(after) before it, which cannot be"
        case .acknowledgementOfUnsent(let acknowledged, let lastSent):
            "message \(acknowledged) is acknowledged, but the last one sent is \(lastSent)"
        case .responseToUnsent(let request, let lastSent):
            "a response to request \(request), but the last message sent is \(lastSent)"
        case .heldBackOverflow(let bytes, let limit): "\(bytes) bytes would be held back, the limit is \(limit)"
        case .compression(let error): error.description
        }
    }
}

/// Why a message was not taken.
package enum SessionSendError: Error, Hashable, Sendable {
    case tooLarge(bytes: Int, limit: Int)
    /// The peer has not acknowledged so many messages.
    case queueFull(messages: Int)
    /// The peer has not acknowledged so many bytes.
    case queueBytesFull(bytes: Int)
    /// A response to a request of a session or process that is gone: nobody waits for it.
    case requestGone(LocalID)
    case closed
}

extension SessionSendError: CustomStringConvertible {
    package var description: String {
        switch self {
        case .tooLarge(let bytes, let limit): "a body of \(bytes) bytes is over the limit of \(limit)"
        case .queueFull(let messages): "\(messages) messages wait for the network; send again when some have gone"
        case .queueBytesFull(let bytes): "\(bytes) bytes wait for the network; send again when some have gone"
        case .requestGone: "the client that asked is gone"
        case .closed: "the session is closed"
        }
    }
}
