import Glibc
import GodwitTransport
import NIOCore
import NIOPosix

/// Opens a loop's UDP socket, and opens it again should it ever close.
struct DatagramListener: Sendable {
    let address: SocketAddress
    /// Several loops share the port; the kernel gives each client's address to one of them.
    let isShared: Bool
    /// The kernel may join datagrams of one peer that arrive together.
    let receivesBatches: Bool

    private static let reusePort = NIOBSDSocket.Option(rawValue: SO_REUSEPORT)
    /// Datagrams taken from the kernel in one call. NIO parts a buffer whose size is a power of two among them: with 31 they do not all
    /// begin at the same place of a page, where they would share a few sets of the first cache (reasoned, not measured).
    private static let datagramsPerRead = 31
    /// Room for one of them: more than any that we accept, so that a longer one is seen to be too long.
    private static let datagramBytes = 2_048
    /// Room for the longest that the kernel joins. Of a buffer with this room for each, memory is touched as far as datagrams are long.
    private static let batchBytes = 65_536
    /// What the kernel may hold while the loop is busy; it grants less when `net.core.rmem_max` says so.
    private static let socketBufferBytes: ChannelOptions.Types.SocketOption.Value = 4 * 1024 * 1024
    /// Above the high mark datagrams wait in their connections.
    private static let pendingBytes = (low: 256 * 1024, high: 1024 * 1024)

    func open(for loop: NIOLoopBound<EdgeLoop>) -> EventLoopFuture<any Channel> {
        bootstrap(group: loop.value.eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(DatagramSocket(loop: loop.value))
                }
            }
            .bind(to: address)
    }

    /// Finds out whether anybody listens there, which a shared socket would not.
    func probe(on eventLoop: any EventLoop) async throws {
        try await DatagramBootstrap(group: eventLoop).bind(to: address).get().close()
    }

    private func bootstrap(group: any EventLoopGroup) -> DatagramBootstrap {
        var bootstrap = DatagramBootstrap(group: group)
            .channelOption(.socketOption(.so_rcvbuf), value: Self.socketBufferBytes)
            .channelOption(.socketOption(.so_sndbuf), value: Self.socketBufferBytes)
            .channelOption(.datagramVectorReadMessageCount, value: Self.datagramsPerRead)
            .channelOption(
                .recvAllocator,
                value: FixedSizeRecvByteBufferAllocator(
                    capacity: Self.datagramsPerRead * (receivesBatches ? Self.batchBytes : Self.datagramBytes))
            )
            .channelOption(
                .writeBufferWaterMark,
                value: ChannelOptions.Types.WriteBufferWaterMark(
                    low: Self.pendingBytes.low, high: Self.pendingBytes.high))
        let isIPv6 = address.protocol == .inet6
        let settings =
            DatagramSocketOptions.neverFragment(isIPv6: isIPv6) + DatagramSocketOptions.congestionMarks(isIPv6: isIPv6)
        for setting in settings {
            bootstrap = bootstrap.channelOption(setting.option, value: setting.value)
        }
        if receivesBatches {
            bootstrap =
                bootstrap
                .channelOption(.datagramReceiveOffload, value: true)
                .channelOption(.datagramReceiveSegmentSize, value: true)
        }
        return isShared ? bootstrap.channelOption(.socketOption(Self.reusePort), value: 1) : bootstrap
    }
}
