import GodwitWire
import NIOCore

/// Between the inline addresses of the pure rooms and NIO's, which are boxed.
extension Address {
    /// nil for anything but IPv4 and IPv6.
    init?(_ address: SocketAddress) {
        let converted = address.withSockAddr { pointer, size -> Address? in
            let raw = UnsafeRawBufferPointer(start: pointer, count: size)
            // struct sockaddr_in has the port at 2 and the address at 4; struct sockaddr_in6 the port at 2, the address at 8.
            switch (address, raw.count) {
            case (.v4, 8...):
                return Address(ipv4: raw.bigEndian(at: 4), port: raw.bigEndian(at: 2))
            case (.v6, 24...):
                return Address(high: raw.bigEndian(at: 8), low: raw.bigEndian(at: 16), port: raw.bigEndian(at: 2))
            default:
                return nil
            }
        }
        guard let converted else { return nil }
        self = converted
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func bigEndian<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> Number {
        Number(bigEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}

extension SocketAddress {
    /// nil if NIO refuses it, which it has no reason for.
    ///
    /// - Parameter isIPv6: of the socket that sends there; an IPv6 socket names IPv4 peers by their mapped address.
    init?(_ address: Address, isIPv6: Bool) {
        var packed = ByteBuffer()
        if !isIPv6, let ipv4 = address.ipv4 {
            packed.writeInteger(ipv4)
        } else {
            packed.writeMultipleIntegers(address.high, address.low)
        }
        guard let made = try? SocketAddress(packedIPAddress: packed, port: Int(address.port)) else { return nil }
        self = made
    }

    /// `127.0.0.1:7400` or `[::1]:7400`.
    package var hostAndPort: String {
        let host = ipAddress ?? "?"
        return (host.contains(":") ? "[\(host)]" : host) + ":\(port ?? 0)"
    }
}
