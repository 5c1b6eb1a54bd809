import NIOCore

/// One symbol of forward error correction over a window of a message's pieces: it stands in for any one of them that was lost.
///
///     0x32  length(varint)  message(varint)  message bytes(varint)  first(varint)  count - 1 (u8)  index(u8)  symbol
///
/// The message is cut into symbols as long as this one, the last filled up with zeros. The window is `count` of them from `first`.
/// `symbol` is the sum of the window's symbols, each times its coefficient for `index` (`docs/protocol.md`, Repair).
package struct RepairFrame: Hashable, Sendable {
    package static let kind: UInt8 = 0x32
    /// So many coefficients differ; a window is not longer, nor are there more repair symbols of one.
    package static let maximumCount = 128
    /// Everything but the symbol, at its longest for messages that today's ends send.
    package static let overhead = 1 + 2 + 4 + 4 + 2 + 1 + 1

    package let message: UInt64
    package let messageBytes: UInt64
    package let first: UInt64
    package let count: Int
    package let index: UInt8
    package let symbol: ByteBuffer

    /// nil unless all of the window is inside the message, and count and index are in range.
    package init?(message: UInt64, messageBytes: UInt64, first: UInt64, count: Int, index: UInt8, symbol: ByteBuffer) {
        let length = UInt64(symbol.readableBytes)
        guard length > 0, (1...Self.maximumCount).contains(count), Int(index) < Self.maximumCount else { return nil }
        let symbols = messageBytes / length + (messageBytes % length > 0 ? 1 : 0)
        guard first < symbols, UInt64(count) <= symbols - first else { return nil }
        self.message = message
        self.messageBytes = messageBytes
        self.first = first
        self.count = count
        self.index = index
        self.symbol = symbol
    }

    /// Reads from the byte after the type.
    package init(decoding buffer: inout ByteBuffer) throws(WireError) {
        var body = try buffer.readVarintPrefixedSlice(limit: buffer.readableBytes)
        let message = try body.readVarint()
        let bytes = try body.readVarint()
        let first = try body.readVarint()
        guard let countLessOne = body.readInteger(as: UInt8.self), let index = body.readInteger(as: UInt8.self) else {
            throw .truncated
        }
        guard
            let frame = Self(
                message: message, messageBytes: bytes, first: first, count: Int(countLessOne) + 1, index: index,
                symbol: body)
        else { throw .valueOutOfRange(first) }
        self = frame
    }

    package func encode(into buffer: inout ByteBuffer) {
        Self.encodeHead(
            message: message, messageBytes: messageBytes, first: first, count: count, index: index,
            symbolBytes: symbol.readableBytes, into: &buffer)
        buffer.writeImmutableBuffer(symbol)
    }

    /// Everything but the symbol, which the caller writes behind it.
    package static func encodeHead(
        message: UInt64, messageBytes: UInt64, first: UInt64, count: Int, index: UInt8, symbolBytes: Int,
        into buffer: inout ByteBuffer
    ) {
        let fields = Varint.length(of: message) + Varint.length(of: messageBytes) + Varint.length(of: first) + 2
        buffer.writeInteger(kind)
        buffer.writeVarint(UInt64(fields + symbolBytes))
        buffer.writeVarint(message)
        buffer.writeVarint(messageBytes)
        buffer.writeVarint(first)
        buffer.writeInteger(UInt8(truncatingIfNeeded: count - 1))
        buffer.writeInteger(index)
    }
}
