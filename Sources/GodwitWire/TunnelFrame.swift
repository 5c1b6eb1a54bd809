import NIOCore

/// The body of a `tunnel` push, in either direction: what happens on one tunnelled TCP connection.
///
///     type         u8       0 DATA, 1 FINISH, 2 RESET, 3 CREDIT
///     tunnel       varint   the number from `TunnelOpen`
///     DATA         the rest: bytes of the stream, at least one
///     FINISH       nothing: the sender's stream has ended, as a TCP FIN
///     RESET        code varint: both directions end at once, as a TCP RST
///     CREDIT       limit varint: the bytes that the receiver of this frame may have sent since the tunnel's beginning
package struct TunnelFrame: Hashable, Sendable {
    package enum Content: Hashable, Sendable {
        case data(ByteBuffer)
        case finish
        case reset(TunnelReset)
        case credit(limit: UInt64)
    }

    package var tunnel: UInt64
    package var content: Content

    package init(tunnel: UInt64, _ content: Content) {
        self.tunnel = tunnel
        self.content = content
    }

    /// What a frame adds to the bytes that it carries, at most.
    package static let maximumOverhead = 9

    private enum Kind {
        static let data: UInt8 = 0
        static let finish: UInt8 = 1
        static let reset: UInt8 = 2
        static let credit: UInt8 = 3
    }

    package init(decoding bytes: ByteBuffer) throws(EnvelopeError) {
        var buffer = bytes
        let kind: UInt8 = try buffer.readEnvelopeFixed("type")
        tunnel = try buffer.readEnvelopeInteger("tunnel")
        switch kind {
        case Kind.data:
            guard buffer.readableBytes > 0 else { throw .truncated(field: "data") }
            content = .data(buffer)
        case Kind.finish:
            content = .finish
            try buffer.requireEnd()
        case Kind.reset:
            content = .reset(TunnelReset(rawValue: try buffer.readEnvelopeInteger("code")))
            try buffer.requireEnd()
        case Kind.credit:
            content = .credit(limit: try buffer.readEnvelopeInteger("limit"))
            try buffer.requireEnd()
        default:
            throw .invalid(field: "type", value: UInt64(kind))
        }
    }

    package func encode(into buffer: inout ByteBuffer) {
        switch content {
        case .data(let bytes):
            begin(Kind.data, in: &buffer)
            buffer.writeImmutableBuffer(bytes)
        case .finish:
            begin(Kind.finish, in: &buffer)
        case .reset(let reason):
            begin(Kind.reset, in: &buffer)
            buffer.writeEnvelopeInteger(reason.rawValue)
        case .credit(let limit):
            begin(Kind.credit, in: &buffer)
            buffer.writeEnvelopeInteger(limit)
        }
    }

    private func begin(_ kind: UInt8, in buffer: inout ByteBuffer) {
        buffer.writeInteger(kind)
        buffer.writeEnvelopeInteger(tunnel)
    }
}

/// Why a tunnel was reset. A code that is not here is carried and treated like any other.
package struct TunnelReset: RawRepresentable, Hashable, Sendable {
    package let rawValue: UInt64

    /// The code is read as a varint or is one of those below: always under 2^62.
    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The program's or the target's TCP connection broke off.
    package static let broken = TunnelReset(rawValue: 0)
    /// Nothing moved for too long.
    package static let idle = TunnelReset(rawValue: 1)
    /// The peer sent more than its credit, or anything after its end.
    package static let violation = TunnelReset(rawValue: 2)
    /// The end goes away.
    package static let stopping = TunnelReset(rawValue: 3)
    /// The session that carried it is no more. Not sent: there is nobody to send it to.
    package static let sessionLost = TunnelReset(rawValue: 4)

    /// A bounded label.
    package var name: String {
        switch self {
        case .broken: "broken"
        case .idle: "idle"
        case .violation: "violation"
        case .stopping: "stopping"
        case .sessionLost: "session_lost"
        default: "other"
        }
    }
}
