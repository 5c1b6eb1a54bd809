import NIOCore

/// A piece of the TLS records that one end sends, at its place in their byte stream.
///
///     0x04  offset(varint)  length(varint)  data
package struct HandshakeFrame: Hashable, Sendable {
    package let offset: UInt64
    package let data: ByteBuffer

    package init(offset: UInt64, data: ByteBuffer) {
        self.offset = offset
        self.data = data
    }

    /// Reads from the byte after the type.
    package init(decoding buffer: inout ByteBuffer) throws(WireError) {
        offset = try buffer.readVarint()
        data = try buffer.readVarintPrefixedSlice(limit: buffer.readableBytes)
    }

    package func encode(into buffer: inout ByteBuffer) {
        Self.encode(offset: offset, data: data.readableBytesView, into: &buffer)
    }

    package static func encode(offset: UInt64, data: ByteBufferView, into buffer: inout ByteBuffer) {
        buffer.writeInteger(Frame.Kind.handshake)
        buffer.writeVarint(offset)
        buffer.writeVarint(UInt64(data.count))
        buffer.writeBytes(data)
    }

    /// Bytes before the data, when the data's length is below 16,384.
    package static func overhead(offset: UInt64) -> Int {
        1 + Varint.length(of: offset) + 2
    }
}
