import GodwitWire
import NIOCore

/// What a message is for. A response names the request it answers by that request's identity *at this end*: in an
/// outgoing response that of the received request, in an incoming response that of the request that was sent.
package enum MessageKind: Hashable, Sendable {
    case request(command: UInt32)
    case response(to: LocalID, status: UInt32)
    case push(command: UInt32)

    var isResponse: Bool {
        if case .response = self { true } else { false }
    }

    /// A response has its request's, which this end does not keep.
    var command: UInt32? {
        switch self {
        case .request(let command), .push(let command): command
        case .response: nil
        }
    }
    var isRequest: Bool {
        if case .request = self { true } else { false }
    }
}

/// Whether a request may be told before the server has answered OPEN. It may then be done more than once.
package enum EarlyUse: Hashable, Sendable {
    case never
    /// Only in a session that goes on; a new one would not know who asks.
    case inKnownSession
    case always
}

/// A message to send.
package struct OutgoingMessage: Hashable, Sendable {
    package var kind: MessageKind
    /// Messages of one lane are delivered in the order sent; nil: as soon as it arrives.
    package var lane: UInt64?
    package var body: ByteBuffer
    /// False for bodies with secrets: they never share a compression context with anything.
    package var compressible: Bool
    package var early: EarlyUse
    /// The more urgent overtake the less urgent, except in their lane.
    package var urgency: Urgency
    /// It is given up if it is not known to have arrived by then.
    package var deadline: NIODeadline

    /// - Parameter urgency: nil for what is usual for its command and size.
    package init(
        kind: MessageKind, lane: UInt64? = nil, body: ByteBuffer, compressible: Bool = true, early: EarlyUse = .never,
        urgency: Urgency? = nil, deadline: NIODeadline = .distantFuture
    ) {
        self.kind = kind
        self.lane = lane
        self.body = body
        self.compressible = compressible
        self.early = early
        self.urgency = urgency ?? .usual(command: kind.command, bytes: body.readableBytes)
        self.deadline = deadline
    }

    package static func request(_ command: Command, lane: UInt64? = nil, body: ByteBuffer) -> Self {
        Self(kind: .request(command: command.rawValue), lane: lane, body: body, compressible: command.isCompressible)
    }

    package static func push(_ command: Command, lane: UInt64? = nil, body: ByteBuffer) -> Self {
        Self(kind: .push(command: command.rawValue), lane: lane, body: body, compressible: command.isCompressible)
    }

    package static func response(
        to request: LocalID, status: Status = .ok, lane: UInt64? = nil, body: ByteBuffer, compressible: Bool = true
    ) -> Self {
        Self(
            kind: .response(to: request, status: status.rawValue), lane: lane, body: body, compressible: compressible)
    }
}

/// A message that arrived, delivered once and in its lane's order.
package struct IncomingMessage: Hashable, Sendable {
    /// What a response to it names.
    package let id: LocalID
    package let kind: MessageKind
    package let body: ByteBuffer
    /// It was compressed on its way; an answer in kind is what an echo measures.
    package var isCompressed = false
    /// It came with OPEN: another session may have got it as well.
    package var isEarly = false
}
