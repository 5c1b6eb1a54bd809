import NIOCore

/// Bytes that are sent once and delivered at most once (as RFC 9221's DATAGRAM): for what is worth nothing when it is late.
///
///     0x31  length(varint)  data
///
/// It has an extension's form, so an end that does not know it skips it.
package struct DatagramFrame: Hashable, Sendable {
    package static let kind: UInt8 = 0x31

    package let data: ByteBuffer

    package init(data: ByteBuffer) { self.data = data }

    /// Reads from the byte after the type.
    package init(decoding buffer: inout ByteBuffer) throws(WireError) {
        data = try buffer.readVarintPrefixedSlice(limit: buffer.readableBytes)
    }

    package func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(Self.kind)
        buffer.writeVarint(UInt64(data.readableBytes))
        buffer.writeImmutableBuffer(data)
    }

    package static func encodedLength(of bytes: Int) -> Int { 1 + Varint.length(of: UInt64(bytes)) + bytes }
}
