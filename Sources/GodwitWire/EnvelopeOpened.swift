import NIOCore

/// The server's answer to OPEN.
///
///     0x02         u8
///     outcome      u8       0 new, 1 resumed, 2 restarted
///     dictionary   varint   newest compression dictionary that the server has, 0 = none
///     ticket       24 bytes when new
///     ack state             when resumed
///     early        varint   when new or restarted, and not 0: how many of the early messages have been taken
///     extensions            anything further is ignored
package struct OpenedEnvelope: Hashable, Sendable {
    package static let type: UInt8 = 0x02

    package enum Outcome: Hashable, Sendable {
        /// There was no such session: this is a new one.
        case new(SessionTicket)
        /// The same session and the same client process: numbering goes on both ways.
        case resumed(received: AckState)
        /// The same session for another client process: numbering starts again both ways.
        case restarted
    }

    package var outcome: Outcome
    package var newestDictionary: UInt64
    /// Early messages taken into a numbering that begins; the ack state tells it of one that goes on.
    package var earlyReceived: UInt64

    package init(outcome: Outcome, newestDictionary: UInt64, earlyReceived: UInt64 = 0) {
        self.outcome = outcome
        self.newestDictionary = newestDictionary
        self.earlyReceived = earlyReceived
    }

    init(decodingBody buffer: inout ByteBuffer) throws(EnvelopeError) {
        let code: UInt8 = try buffer.readEnvelopeFixed("outcome")
        newestDictionary = try buffer.readEnvelopeInteger("dictionary")
        earlyReceived = 0
        switch code {
        case 0: outcome = .new(try SessionTicket(decoding: &buffer))
        case 1:
            outcome = .resumed(received: try AckState(decoding: &buffer))
            return
        case 2: outcome = .restarted
        default: throw .invalid(field: "outcome", value: UInt64(code))
        }
        if buffer.readableBytes > 0 { earlyReceived = try buffer.readEnvelopeInteger("early") }
    }

    package func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(Self.type)
        switch outcome {
        case .new(let ticket):
            buffer.writeInteger(UInt8(0))
            buffer.writeEnvelopeInteger(newestDictionary)
            ticket.encode(into: &buffer)
        case .resumed(let received):
            buffer.writeInteger(UInt8(1))
            buffer.writeEnvelopeInteger(newestDictionary)
            received.encode(into: &buffer)
        case .restarted:
            buffer.writeInteger(UInt8(2))
            buffer.writeEnvelopeInteger(newestDictionary)
        }
        if case .resumed = outcome { return }
        if earlyReceived > 0 { buffer.writeEnvelopeInteger(earlyReceived) }
    }
}
