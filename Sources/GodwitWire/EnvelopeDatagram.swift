import NIOCore

/// A message that is worth nothing when it is late: not numbered, not acknowledged, not repeated, delivered at most once.
///
///     type      u8       0x40
///     command   varint   ≤ 2^32-1, as in requests and pushes
///     body               the rest
///
/// It has an extension's first byte, so an end that does not know it ignores it.
package struct DatagramEnvelope: Hashable, Sendable {
    package static let type: UInt8 = 0x40
    /// Type and command.
    package static let maximumOverhead = 6

    package let command: UInt32
    package let body: ByteBuffer

    package init(command: UInt32, body: ByteBuffer) {
        self.command = command
        self.body = body
    }

    /// Reads what follows the first byte.
    init(decodingBody buffer: inout ByteBuffer) throws(EnvelopeError) {
        command = try buffer.readEnvelopeInteger32("command")
        body = buffer.slice()
    }

    func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(Self.type)
        buffer.writeEnvelopeInteger(UInt64(command))
        buffer.writeImmutableBuffer(body)
    }
}
