import GodwitWire
import NIOCore

/// The datagram that tells a client that its connection is gone: it looks like a packet and ends with the token of the ID that the
/// client used (RFC 9000 §10.3).
///
///     0ddddddd  unpredictable bytes, at least 4  token (16 bytes)
enum StatelessReset {
    /// The smallest packet that a server sends: less could be told from one.
    static let minimumBytes = 5 + StatelessResetToken.length
    /// As many bytes as the smallest packets that carry something.
    static let usualBytes = 42

    /// Always smaller than the datagram that it answers, so that two ends which both have forgotten fall silent (RFC 9000 §10.3.3).
    ///
    /// - Returns: nil when nothing smaller would be taken for a packet.
    static func make(_ token: StatelessResetToken, answering datagramBytes: Int, random: RandomSource) -> ByteBuffer? {
        let count = min(datagramBytes - 1, usualBytes)
        guard count >= minimumBytes else { return nil }
        var bytes = random.bytes(count - StatelessResetToken.length)
        bytes[0] &= ~PacketHeader.longForm
        var datagram = ByteBufferAllocator().buffer(capacity: count)
        datagram.writeBytes(bytes)
        token.write(into: &datagram)
        return datagram
    }
}
