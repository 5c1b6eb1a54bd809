import Glibc

/// An IP address, or the addresses that have its first bits.
struct IPNetwork: Equatable, Sendable {
    private let bytes: [UInt8]
    private let bits: Int

    /// nil unless the text is an IPv4 or IPv6 address as `inet_pton` reads it and `bits`, if given, is not more than it has.
    init?(address: String, bits: Int? = nil) {
        guard let bytes = Self.parse(address) else { return nil }
        guard (0...8 * bytes.count).contains(bits ?? 0) else { return nil }
        self.bytes = bytes
        self.bits = bits ?? 8 * bytes.count
    }

    /// Whether all of `other` is in here. An IPv4 address written as IPv6 is another address.
    func contains(_ other: IPNetwork) -> Bool {
        guard other.bytes.count == bytes.count, other.bits >= bits else { return false }
        let whole = bits / 8
        guard other.bytes[..<whole] == bytes[..<whole] else { return false }
        let rest = bits % 8
        return rest == 0 || (other.bytes[whole] ^ bytes[whole]) >> (8 - rest) == 0
    }

    private static func parse(_ text: String) -> [UInt8]? {
        for (family, count) in [(AF_INET, 4), (AF_INET6, 16)] {
            var bytes = [UInt8](repeating: 0, count: count)
            if inet_pton(family, text, &bytes) == 1 { return bytes }
        }
        return nil
    }
}
