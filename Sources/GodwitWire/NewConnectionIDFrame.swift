import NIOCore

/// One more ID by which the sender can be addressed (RFC 9000 §19.15).
///
///     0x18  sequence(varint)  retire prior to(varint)  length(8)  ID (1...20 bytes)  stateless reset token (16 bytes)
package struct NewConnectionIDFrame: Hashable, Sendable {
    package static let kind: UInt8 = 0x18

    /// Counts the sender's IDs from the handshake's, which is 0.
    package let sequence: UInt64
    /// IDs below it must not be used any more; at most `sequence`.
    package let retirePriorTo: UInt64
    package let id: ConnectionID
    package let token: StatelessResetToken

    package init(sequence: UInt64, retirePriorTo: UInt64, id: ConnectionID, token: StatelessResetToken) {
        self.sequence = sequence
        self.retirePriorTo = retirePriorTo
        self.id = id
        self.token = token
    }

    /// Reads from the byte after the type.
    package init(decoding buffer: inout ByteBuffer) throws(WireError) {
        sequence = try buffer.readVarint()
        retirePriorTo = try buffer.readVarint()
        guard retirePriorTo <= sequence else { throw .valueOutOfRange(retirePriorTo) }
        guard let length = buffer.readInteger(as: UInt8.self) else { throw .truncated }
        // An empty ID cannot be told from others, so there is nothing to issue.
        guard length > 0 else { throw .valueOutOfRange(0) }
        id = try ConnectionID(reading: &buffer, length: Int(length))
        token = try StatelessResetToken(decoding: &buffer)
    }

    package func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(Self.kind)
        buffer.writeVarint(sequence)
        buffer.writeVarint(retirePriorTo)
        buffer.writeInteger(UInt8(truncatingIfNeeded: id.count))
        id.write(into: &buffer)
        token.write(into: &buffer)
    }

    package static let maximumLength = 1 + 8 + 8 + 1 + ConnectionID.maximumLength + StatelessResetToken.length
}
