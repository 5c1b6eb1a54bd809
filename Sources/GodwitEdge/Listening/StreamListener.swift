import NIOCore
import NIOPosix

/// Opens the TCP port; accepted connections go to the loops in turn.
struct StreamListener: Sendable {
    let directory: LoopDirectory
    let group: MultiThreadedEventLoopGroup

    private static let backlog: CInt = 1_024
    /// Above the high mark a session has to wait for its carrier. What goes first is decided as late as possible: nothing overtakes what
    /// lies in the channel, or in the kernel unsent (TCP_NOTSENT_LOWAT).
    private static let pendingBytes = (low: 8 * 1024, high: 32 * 1024)
    private static let unsentBytes = 16 * 1024

    func open(_ address: SocketAddress) async throws -> any Channel {
        let directory = directory
        var bootstrap = ServerBootstrap(group: group)
        #if os(Linux)
        bootstrap = bootstrap.childChannelOption(.tcpOption(.init(rawValue: 25)), value: Self.unsentBytes)
        #endif
        return
            try await bootstrap
            .serverChannelOption(.backlog, value: Self.backlog)
            // A restart must not wait for the connections of the former process to die out.
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            .childChannelOption(.allowRemoteHalfClosure, value: true)
            .childChannelOption(
                .writeBufferWaterMark,
                value: ChannelOptions.Types.WriteBufferWaterMark(
                    low: Self.pendingBytes.low, high: Self.pendingBytes.high)
            )
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let place = directory.places.first { $0.eventLoop === channel.eventLoop }
                    guard let loop = place?.state.value else { throw CarrierClosure.goingAway }
                    try loop.accept(channel)
                }
            }
            .bind(to: address)
            .get()
    }
}
