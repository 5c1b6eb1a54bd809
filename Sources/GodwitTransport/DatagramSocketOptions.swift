import NIOCore

/// What a UDP socket of either end must be told, as values for NIO's bootstraps.
package enum DatagramSocketOptions {
    package typealias Setting = (
        option: ChannelOptions.Types.SocketOption, value: ChannelOptions.Types.SocketOption.Value
    )

    /// Datagrams are never fragmented, and the kernel's own idea of the path's MTU is not asked for: the connection finds it out
    /// (RFC 8899 §3, RFC 9000 §14). An IPv6 socket sends to mapped IPv4 addresses as well.
    package static func neverFragment(isIPv6: Bool) -> [Setting] {
        #if os(Linux)
        // linux/in.h and linux/in6.h.
        let (discoverIPv4, discoverIPv6, probe) = (CInt(10), CInt(23), 3)
        let ipv4 = ChannelOptions.Types.SocketOption(level: .ip, name: NIOBSDSocket.Option(rawValue: discoverIPv4))
        let ipv6 = ChannelOptions.Types.SocketOption(level: .ipv6, name: NIOBSDSocket.Option(rawValue: discoverIPv6))
        return isIPv6 ? [(ipv4, probe), (ipv6, probe)] : [(ipv4, probe)]
        #else
        return []
        #endif
    }

    /// An IPv6 socket sees the congestion marks of IPv4 peers only when it is told to; for its own kind, NIO's option does it. Marks *for*
    /// IPv4 peers NIO writes into the IPv6 field, where the kernel does not look for them: validation finds that out.
    package static func congestionMarks(isIPv6: Bool) -> [Setting] {
        #if os(Linux)
        // IP_RECVTOS of linux/in.h.
        return isIPv6
            ? [(ChannelOptions.Types.SocketOption(level: .ip, name: NIOBSDSocket.Option(rawValue: 13)), 1)] : []
        #else
        return []
        #endif
    }

    /// Without such options a larger datagram would be fragmented, and discovery find out nothing.
    package static let canDiscoverMTU = !neverFragment(isIPv6: false).isEmpty
}
