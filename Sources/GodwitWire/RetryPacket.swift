import NIOCore

/// A server's demand that the client show that it is where its packets say it is (RFC 9000 §8.1.2): the client begins again with
/// `token` as its chosen ID. Neither encrypted nor authenticated; whoever sends it has read the client's packet.
///
///     10010000  version(8)  length(8) client's ID  length(8) client's chosen ID  length(8) token (1...20 bytes)
package struct RetryPacket: Hashable, Sendable {
    /// The client's ID: empty.
    package let destination: ConnectionID
    /// The ID that the client had chosen, so that it knows the packet as an answer to its own.
    package let source: ConnectionID
    package let token: ConnectionID

    package init(destination: ConnectionID, source: ConnectionID, token: ConnectionID) {
        self.destination = destination
        self.source = source
        self.token = token
    }

    init(decodingAfter invariant: LongInvariant, from buffer: inout ByteBuffer) throws(WireError) {
        guard let length = buffer.readInteger(as: UInt8.self) else { throw .truncated }
        guard length > 0 else { throw .valueOutOfRange(0) }
        self.init(
            destination: invariant.destination, source: invariant.source,
            token: try ConnectionID(reading: &buffer, length: Int(length)))
        guard buffer.readableBytes == 0 else { throw .trailingBytes(buffer.readableBytes) }
    }

    package func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(PacketHeader.longForm | PacketHeader.LongType.retry << 4)
        buffer.writeInteger(InitialHeader.version)
        for id in [destination, source, token] {
            buffer.writeInteger(UInt8(truncatingIfNeeded: id.count))
            id.write(into: &buffer)
        }
    }
}
