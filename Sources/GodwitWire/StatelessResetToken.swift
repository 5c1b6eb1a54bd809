import NIOCore

/// The 16 bytes with which a server that has lost a connection proves to its client that it was the one who had it
/// (RFC 9000 §10.3).
package struct StatelessResetToken: Sendable {
    package static let length = 16

    private let high: UInt64
    private let low: UInt64

    package init(high: UInt64, low: UInt64) {
        self.high = high
        self.low = low
    }

    /// nil unless there are exactly 16 bytes.
    package init?(_ bytes: some Collection<UInt8>) {
        guard bytes.count == Self.length else { return nil }
        func word(_ bytes: some Sequence<UInt8>) -> UInt64 { bytes.reduce(0) { $0 << 8 | UInt64($1) } }
        self.init(high: word(bytes.prefix(8)), low: word(bytes.dropFirst(8)))
    }

    package init(decoding buffer: inout ByteBuffer) throws(WireError) {
        guard let (high, low) = buffer.readMultipleIntegers(as: (UInt64, UInt64).self) else { throw .truncated }
        self.init(high: high, low: low)
    }

    /// The last 16 bytes of a datagram; nil when it is shorter.
    package init?(endOf datagram: ByteBuffer) {
        let start = datagram.writerIndex - Self.length
        guard start >= datagram.readerIndex, let high = datagram.getInteger(at: start, as: UInt64.self),
            let low = datagram.getInteger(at: start + 8, as: UInt64.self)
        else { return nil }
        self.init(high: high, low: low)
    }

    package func write(into buffer: inout ByteBuffer) {
        buffer.writeInteger(high)
        buffer.writeInteger(low)
    }
}

extension StatelessResetToken: Hashable {
    /// Takes the same time wherever the two differ (RFC 9000 §10.3.1): no branch depends on a byte.
    package static func == (a: Self, b: Self) -> Bool { (a.high ^ b.high) | (a.low ^ b.low) == 0 }

    package func hash(into hasher: inout Hasher) {
        hasher.combine(high)
        hasher.combine(low)
    }
}

extension StatelessResetToken: CustomStringConvertible {
    /// Whoever knows it can end the connection, so no log gets it.
    package var description: String { "reset token" }
}
