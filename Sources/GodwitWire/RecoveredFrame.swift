import NIOCore

/// Repair has completed a message: nothing of it need be sent again. Its lost packets stay lost, for they are never acknowledged.
///
///     0x33  length(varint)  message(varint)
package struct RecoveredFrame: Hashable, Sendable {
    package static let kind: UInt8 = 0x33

    package let message: UInt64

    package init(message: UInt64) { self.message = message }

    /// Reads from the byte after the type.
    package init(decoding buffer: inout ByteBuffer) throws(WireError) {
        var body = try buffer.readVarintPrefixedSlice(limit: buffer.readableBytes)
        message = try body.readVarint()
    }

    package func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(Self.kind)
        buffer.writeVarint(UInt64(Varint.length(of: message)))
        buffer.writeVarint(message)
    }
}
