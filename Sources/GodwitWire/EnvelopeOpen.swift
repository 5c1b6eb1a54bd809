import NIOCore

/// The client's first envelope on a carrier.
///
///     0x01         u8
///     version      u8       1
///     flags        u8       bit 0: a ticket and an ack state follow; bit 1: early messages follow;
///                           bit 2: their numbering goes on; the other bits are reserved, 0, ignored
///     incarnation  u64      random, one a client process
///     attempt      varint   counts this incarnation's OPENs from 1: an older one never displaces a newer one
///     dictionary   varint   newest compression dictionary that the client has, 0 = none
///     ticket       24 bytes when bit 0
///     ack state             when bit 0
///     early                 when bit 1
///     extensions            anything further is ignored, so that later versions can add
package struct OpenEnvelope: Hashable, Sendable {
    package static let type: UInt8 = 0x01
    package static let version: UInt8 = 1

    package var version: UInt8
    package var incarnation: UInt64
    package var attempt: UInt64
    package var newestDictionary: UInt64
    package var resumption: Resumption?
    package var early: Early?

    /// The session that the client wants back.
    package struct Resumption: Hashable, Sendable {
        package var ticket: SessionTicket
        package var received: AckState

        package init(ticket: SessionTicket, received: AckState) {
            self.ticket = ticket
            self.received = received
        }
    }

    package init(
        version: UInt8 = Self.version, incarnation: UInt64, attempt: UInt64, newestDictionary: UInt64,
        resumption: Resumption?, early: Early? = nil
    ) {
        self.version = version
        self.incarnation = incarnation
        self.attempt = attempt
        self.newestDictionary = newestDictionary
        self.resumption = resumption
        self.early = early
    }

    /// Reads what follows the type byte. Of another version only the number is read: the rest may have any shape.
    init(decodingBody buffer: inout ByteBuffer) throws(EnvelopeError) {
        version = try buffer.readEnvelopeFixed("version")
        guard version == Self.version else {
            incarnation = 0
            attempt = 0
            newestDictionary = 0
            return
        }
        let flags: UInt8 = try buffer.readEnvelopeFixed("flags")
        incarnation = try buffer.readEnvelopeFixed("incarnation")
        attempt = try buffer.readEnvelopeInteger("attempt")
        newestDictionary = try buffer.readEnvelopeInteger("dictionary")
        if flags & 1 != 0 {
            let ticket = try SessionTicket(decoding: &buffer)
            resumption = Resumption(ticket: ticket, received: try AckState(decoding: &buffer))
        }
        if flags & 2 != 0 { early = try Early(isFresh: flags & 4 == 0, decoding: &buffer) }
    }

    package func encode(into buffer: inout ByteBuffer) {
        var flags: UInt8 = resumption == nil ? 0 : 1
        if let early { flags |= early.isFresh ? 2 : 6 }
        buffer.writeMultipleIntegers(Self.type, version, flags, incarnation)
        buffer.writeEnvelopeInteger(attempt)
        buffer.writeEnvelopeInteger(newestDictionary)
        if let resumption {
            resumption.ticket.encode(into: &buffer)
            resumption.received.encode(into: &buffer)
        }
        early?.encode(into: &buffer)
    }
}
