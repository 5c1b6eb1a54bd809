import NIOCore

/// RESET_MESSAGE: the sender will not complete a message that it has begun (as RESET_STREAM, RFC 9000 §19.4).
///
///     0x15  message(varint)  reason(varint)  size(varint)
///
/// `size` is the whole message's length, which flow control counts as if all of it had come.
package struct ResetMessageFrame: Hashable, Sendable {
    package static let kind: UInt8 = 0x15
    /// Type and three varints at their longest.
    package static let maximumLength = 25

    /// Why; open, for later versions.
    package struct Reason: RawRepresentable, Hashable, Sendable {
        package let rawValue: UInt64

        package init(rawValue: UInt64) { self.rawValue = rawValue }

        /// Nobody wants it any more.
        package static let cancelled = Reason(rawValue: 0)
        /// Its deadline has passed.
        package static let late = Reason(rawValue: 1)
    }

    package let message: UInt64
    package let reason: Reason
    package let size: UInt64

    package init(message: UInt64, reason: Reason, size: UInt64) {
        self.message = message
        self.reason = reason
        self.size = size
    }

    /// Reads from the byte after the type.
    package init(decoding buffer: inout ByteBuffer) throws(WireError) {
        message = try buffer.readVarint()
        reason = Reason(rawValue: try buffer.readVarint())
        size = try buffer.readVarint()
    }

    package func encode(into buffer: inout ByteBuffer) {
        buffer.writeInteger(Self.kind)
        buffer.writeVarint(message)
        buffer.writeVarint(reason.rawValue)
        buffer.writeVarint(size)
    }
}
