import NIOCore

/// A session's public name: the first byte is the index of the event loop that owns it, the rest is random.
package struct SessionID: Hashable, Sendable, CustomStringConvertible {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    /// The event loop that owns the session.
    package var loop: UInt8 { UInt8(truncatingIfNeeded: rawValue >> 56) }

    package var description: String {
        let digits = String(rawValue, radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }
}

/// What a client shows to get its session back: the session's name and a secret that only it and the server know.
package struct SessionTicket: Hashable, Sendable {
    /// Bytes on the wire and on disk.
    package static let encodedBytes = 24

    package let id: SessionID
    package let secret: TicketSecret

    package init(id: SessionID, secret: TicketSecret) {
        self.id = id
        self.secret = secret
    }

    package init(decoding buffer: inout ByteBuffer) throws(EnvelopeError) {
        id = SessionID(rawValue: try buffer.readEnvelopeFixed("ticket"))
        secret = TicketSecret(
            high: try buffer.readEnvelopeFixed("ticket"), low: try buffer.readEnvelopeFixed("ticket"))
    }

    package func encode(into buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(id.rawValue, secret.high, secret.low)
    }
}

/// 128 random bits. Compared in constant time, never printed.
package struct TicketSecret: Sendable {
    let high: UInt64
    let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }
}

extension TicketSecret: Hashable {
    /// Two exclusive-ors and an or: no branch depends on where the difference is.
    package static func == (left: Self, right: Self) -> Bool {
        (left.high ^ right.high) | (left.low ^ right.low) == 0
    }
}

extension TicketSecret: CustomStringConvertible, CustomReflectable {
    package var description: String { "secret" }
    package var customMirror: Mirror { Mirror(self, children: []) }
}
