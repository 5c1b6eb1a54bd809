import GodwitWire
import NIOCore

extension Address {
    /// The transport's form of a socket address.
    init(_ address: SocketAddress) {
        self = address.withSockAddr { pointer, size in
            let raw = UnsafeRawBufferPointer(start: pointer, count: size)
            // struct sockaddr_in has the port at 2 and the address at 4; struct sockaddr_in6 the address at 8.
            switch (address, raw.count) {
            case (.v4, 8...):
                return Address(ipv4: raw.bigEndian(at: 4), port: raw.bigEndian(at: 2))
            case (.v6, 24...):
                return Address(high: raw.bigEndian(at: 8), low: raw.bigEndian(at: 16), port: raw.bigEndian(at: 2))
            default:
                return Address(high: 0, low: 0, port: 0)
            }
        }
    }
}

extension UnsafeRawBufferPointer {
    fileprivate func bigEndian<Number: FixedWidthInteger & BitwiseCopyable>(at offset: Int) -> Number {
        Number(bigEndian: loadUnaligned(fromByteOffset: offset, as: Number.self))
    }
}
