/// A peer's IP address and port, small and inline so that tables and packets carry it without reference counting.
/// IPv4 addresses are kept IPv4-mapped (`::ffff:a.b.c.d`, RFC 4291 §2.5.5.2).
package struct Address: Hashable, Sendable {
    /// The first eight bytes of the IPv6 address, most significant first.
    package let high: UInt64
    /// The last eight bytes of the IPv6 address, most significant first.
    package let low: UInt64
    package let port: UInt16

    package init(high: UInt64, low: UInt64, port: UInt16) {
        self.high = high
        self.low = low
        self.port = port
    }

    package init(ipv4: UInt32, port: UInt16) {
        self.init(high: 0, low: Self.mappedPrefix | UInt64(ipv4), port: port)
    }

    private static let mappedPrefix: UInt64 = 0x0000_ffff_0000_0000

    /// The IPv4 address, when this is one.
    package var ipv4: UInt32? {
        high == 0 && low & 0xffff_ffff_0000_0000 == Self.mappedPrefix ? UInt32(truncatingIfNeeded: low) : nil
    }

    package func hasSameHost(as other: Address) -> Bool {
        high == other.high && low == other.low
    }
}

extension Address: CustomStringConvertible {
    package var description: String {
        if let ipv4 {
            let parts = [24, 16, 8, 0].map { String((ipv4 >> $0) & 0xff) }
            return parts.joined(separator: ".") + ":\(port)"
        }
        let groups = [high, low].flatMap { word in
            [48, 32, 16, 0].map { String((word >> $0) & 0xffff, radix: 16) }
        }
        return "[" + groups.joined(separator: ":") + "]:\(port)"
    }
}
