import NIOCore

/// Ends the session itself, not only the carrier: both sides forget the ticket.
///
///     0x07         u8
///     code         varint   0 the application is done, 1 the server is shutting the session down
///     text         varint length ≤ 256, UTF-8 for people
///     extensions            anything further is ignored
package struct CloseEnvelope: Hashable, Sendable {
    package static let type: UInt8 = 0x07
    package static let textLimit = 256

    package var code: UInt64
    package var text: String

    package init(code: UInt64, text: String) {
        self.code = min(code, SequenceNumber.maximum)
        self.text = text
    }

    init(decodingBody buffer: inout ByteBuffer) throws(EnvelopeError) {
        code = try buffer.readEnvelopeInteger("code")
        text = try buffer.readEnvelopeText("text", limit: Self.textLimit)
    }

    package func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(Self.type)
        buffer.writeEnvelopeInteger(code)
        buffer.writeEnvelopeText(text, limit: Self.textLimit)
    }
}
