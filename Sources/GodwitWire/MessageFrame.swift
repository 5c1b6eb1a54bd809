import NIOCore

/// A piece of a message. Every message is a byte stream of its own, so none waits for another.
///
///     0b0010_0OLF  message(varint)  [offset(varint) if O]  [length(varint) if L]  data
///
/// Without O the offset is 0, without L the data reaches to the end of the packet, with F it is the message's end.
package struct MessageFrame: Hashable, Sendable {
    package static let offsetBit: UInt8 = 0x04
    package static let lengthBit: UInt8 = 0x02
    package static let finBit: UInt8 = 0x01

    package let message: UInt64
    package let offset: UInt64
    package let isLast: Bool
    package let data: ByteBuffer

    package init(message: UInt64, offset: UInt64, isLast: Bool, data: ByteBuffer) {
        self.message = message
        self.offset = offset
        self.isLast = isLast
        self.data = data
    }

    /// Reads from the byte after the type, which is `kind`.
    package init(decoding buffer: inout ByteBuffer, kind: UInt8) throws(WireError) {
        message = try buffer.readVarint()
        offset = kind & Self.offsetBit != 0 ? try buffer.readVarint() : 0
        isLast = kind & Self.finBit != 0
        if kind & Self.lengthBit != 0 {
            data = try buffer.readVarintPrefixedSlice(limit: buffer.readableBytes)
        } else {
            data = buffer.readSlice(length: buffer.readableBytes) ?? ByteBuffer()
        }
        // Where it ends must be a number too.
        guard offset <= Varint.maximum - UInt64(data.readableBytes) else { throw .valueOutOfRange(offset) }
    }

    package func encode(into buffer: inout ByteBuffer) {
        Self.encode(
            message: message, offset: offset, isLast: isLast, data: data.readableBytesView, withLength: true,
            into: &buffer)
    }

    /// - Parameter withLength: false only for the last frame of a packet.
    package static func encode(
        message: UInt64, offset: UInt64, isLast: Bool, data: ByteBufferView, withLength: Bool,
        into buffer: inout ByteBuffer
    ) {
        var kind = Frame.Kind.messages.lowerBound
        if offset > 0 { kind |= offsetBit }
        if withLength { kind |= lengthBit }
        if isLast { kind |= finBit }
        buffer.writeInteger(kind)
        buffer.writeVarint(message)
        if offset > 0 { buffer.writeVarint(offset) }
        if withLength { buffer.writeVarint(UInt64(data.count)) }
        buffer.writeBytes(data)
    }

    /// Bytes before the data, without a length field.
    package static func overhead(message: UInt64, offset: UInt64) -> Int {
        1 + Varint.length(of: message) + (offset > 0 ? Varint.length(of: offset) : 0)
    }
}
