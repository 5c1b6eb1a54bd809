import NIOCore

/// How the sender's packets fare on their way to the receiver, told by the receiver beside an acknowledgement.
///
///     0x30  length = 2 (varint)  loss(u8)  repeated loss(u8)
///
/// `loss` is the share of packets that do not arrive, in 1/255. `repeated loss` is the same share among the packets right behind
/// a lost one: equal when losses are independent, higher when they come in bursts. Bytes behind them are for later versions.
package struct LossReport: Hashable, Sendable {
    package static let kind: UInt8 = 0x30
    /// Type, length and body.
    package static let encodedLength = 4
    private static let bodyBytes = 2

    package let loss: UInt8
    package let repeatedLoss: UInt8

    package init(loss: UInt8, repeatedLoss: UInt8) {
        self.loss = loss
        self.repeatedLoss = repeatedLoss
    }

    /// Reads from the byte after the type.
    package init(decoding buffer: inout ByteBuffer) throws(WireError) {
        var body = try buffer.readVarintPrefixedSlice(limit: buffer.readableBytes)
        guard let loss = body.readInteger(as: UInt8.self), let repeated = body.readInteger(as: UInt8.self) else {
            throw .truncated
        }
        self.init(loss: loss, repeatedLoss: repeated)
    }

    package func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(Self.kind)
        buffer.writeVarint(UInt64(Self.bodyBytes))
        buffer.writeInteger(loss)
        buffer.writeInteger(repeatedLoss)
    }
}
