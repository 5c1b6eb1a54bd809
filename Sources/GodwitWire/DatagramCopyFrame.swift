import NIOCore

/// A DATAGRAM again, in a later packet: whoever has seen the packet it was first in skips it (the idea of RFC 2198's redundant audio,
/// without a byte for those that arrive).
///
///     0x34  length(varint)  origin(varint)  data
///
/// `origin` is 8 · (distance − 1) + index: so many packets before this one, and which of that packet's DATAGRAM frames. It has an
/// extension's form, so an end that does not know it skips it.
package struct DatagramCopyFrame: Hashable, Sendable {
    package static let kind: UInt8 = 0x34
    /// Later DATAGRAM frames of one packet can't be named.
    package static let maximumIndex = 7
    /// In packets.
    package static let maximumDistance: UInt64 = 1 << 20

    /// Packets since the one that had the datagram first, 1 or more.
    package let distance: UInt64
    /// Which of its DATAGRAM frames, counted from 0.
    package let index: Int
    package let data: ByteBuffer

    /// nil when the origin can't be named.
    package init?(distance: UInt64, index: Int, data: ByteBuffer) {
        guard (1...Self.maximumDistance).contains(distance), (0...Self.maximumIndex).contains(index) else { return nil }
        (self.distance, self.index, self.data) = (distance, index, data)
    }

    /// Reads from the byte after the type.
    package init(decoding buffer: inout ByteBuffer) throws(WireError) {
        var body = try buffer.readVarintPrefixedSlice(limit: buffer.readableBytes)
        let origin = try body.readVarint()
        let (distance, index) = (origin / Self.indexes + 1, Int(origin % Self.indexes))
        guard distance <= Self.maximumDistance else { throw .valueOutOfRange(distance) }
        (self.distance, self.index, data) = (distance, index, body)
    }

    package func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(Self.kind)
        buffer.writeVarint(UInt64(Varint.length(of: origin) + data.readableBytes))
        buffer.writeVarint(origin)
        buffer.writeImmutableBuffer(data)
    }

    /// Bytes of the frame, type and length included.
    package var encodedLength: Int {
        let body = Varint.length(of: origin) + data.readableBytes
        return 1 + Varint.length(of: UInt64(body)) + body
    }

    private static let indexes = UInt64(maximumIndex + 1)
    private var origin: UInt64 { Self.indexes * (distance - 1) + UInt64(index) }
}
