import GodwitTunnel
import NIOCore
import NIOPosix

extension GodwitClient {
    /// Listens on local ports, and carries the connections of programs over the session to targets that the server allows. Once for a
    /// client, before or after its start; the ports close with it.
    ///
    /// - Parameters:
    ///   - forwards: Which ports lead where.
    ///   - token: The server's `upstreams.tunnel.token`, at most 256 bytes.
    ///   - onEvent: Hears what becomes of connections, on the event loop.
    /// - Returns: The local addresses, in the order of `forwards`.
    package func forward(
        _ forwards: [TunnelForward], token: [UInt8], onEvent: @escaping @Sendable (TunnelEvent) -> Void
    ) async throws(TunnelListenError) -> [SocketAddress] {
        let core = core
        try? await eventLoop.submit {
            core.value.tunnels = TunnelClient(core: core.value, token: token, onEvent: onEvent)
        }.get()
        var addresses: [SocketAddress] = []
        for forward in forwards { addresses.append(try await listen(forward)) }
        return addresses
    }

    private func listen(_ forward: TunnelForward) async throws(TunnelListenError) -> SocketAddress {
        let core = core
        do {
            let listener = try await ServerBootstrap(group: eventLoop)
                .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
                .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
                .childChannelOption(.socketOption(.so_rcvbuf), value: TunnelLimits.kernelBytes)
                .childChannelOption(.allowRemoteHalfClosure, value: true)
                .childChannelOption(.autoRead, value: false)
                .childChannelOption(.maxMessagesPerRead, value: 1)
                .childChannelInitializer { channel in
                    channel.eventLoop.makeCompletedFuture {
                        guard let tunnels = core.value.tunnels, !core.value.isStopped else {
                            throw ChannelError.ioOnClosedChannel
                        }
                        try tunnels.accept(channel, target: forward.target)
                    }
                }
                .bind(host: forward.listenHost, port: forward.listenPort).get()
            try await eventLoop.submit { core.value.tunnels?.listeners.append(listener) }.get()
            guard let address = listener.localAddress else { throw ChannelError.unknownLocalAddress }
            return address
        } catch {
            throw TunnelListenError(forward: forward, reason: (error as? IOError).map { $0.description } ?? "\(error)")
        }
    }
}

/// A local port that cannot be had.
package struct TunnelListenError: Error, CustomStringConvertible {
    package let forward: TunnelForward
    package let reason: String

    package var description: String {
        """
        cannot listen on \(forward.listenHost):\(forward.listenPort): \(reason); choose a free port of an address of this machine
        """
    }
}
