import NIOCore

/// MAX_MESSAGE_DATA: how far a large message may be sent (as MAX_STREAM_DATA, RFC 9000 §19.10).
///
///     0x14  message(varint)  limit(varint)
package struct MaxMessageDataFrame: Hashable, Sendable {
    package static let kind: UInt8 = 0x14
    /// Type and two varints at their longest.
    package static let maximumLength = 17

    package let message: UInt64
    /// Bytes from the message's beginning.
    package let limit: UInt64

    package init(message: UInt64, limit: UInt64) {
        self.message = message
        self.limit = limit
    }

    /// Reads from the byte after the type.
    package init(decoding buffer: inout ByteBuffer) throws(WireError) {
        message = try buffer.readVarint()
        limit = try buffer.readVarint()
    }

    package func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(Self.kind)
        buffer.writeVarint(message)
        buffer.writeVarint(limit)
    }
}
