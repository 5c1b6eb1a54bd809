import NIOCore

#if canImport(Glibc)
import Glibc
#elseif canImport(Musl)
import Musl
#else
import Darwin
#endif

/// The system's blocking name resolver; call it on a thread that may wait.
enum Resolver {
    struct Failure: Error {
        let code: Int32
    }

    /// The addresses of a host, in the system's order (RFC 6724).
    static func addresses(host: String, port: Int, limit: Int) throws -> [SocketAddress] {
        var hints = addrinfo()
        // One entry an address, not one a socket type.
        hints.ai_socktype = socketTypeDatagram
        hints.ai_flags = AI_ADDRCONFIG
        var list: UnsafeMutablePointer<addrinfo>?
        let code = getaddrinfo(host, String(port), &hints, &list)
        guard code == 0 else { throw Failure(code: code) }
        defer { freeaddrinfo(list) }
        var found: [SocketAddress] = []
        var entry = list
        while let current = entry, found.count < limit {
            if let address = current.pointee.ai_addr {
                switch current.pointee.ai_family {
                case AF_INET:
                    address.withMemoryRebound(to: sockaddr_in.self, capacity: 1) {
                        found.append(SocketAddress($0.pointee))
                    }
                case AF_INET6:
                    address.withMemoryRebound(to: sockaddr_in6.self, capacity: 1) {
                        found.append(SocketAddress($0.pointee))
                    }
                default: break
                }
            }
            entry = current.pointee.ai_next
        }
        return found
    }

    private static var socketTypeDatagram: Int32 {
        #if canImport(Glibc)
        Int32(SOCK_DGRAM.rawValue)
        #else
        SOCK_DGRAM
        #endif
    }
}
