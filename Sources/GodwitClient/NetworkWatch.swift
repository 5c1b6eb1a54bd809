import NIOCore
import NIOPosix

#if canImport(Glibc)
import Glibc

/// Hears from the kernel (rtnetlink) when an address or a route of this machine changes, so that an idle session moves
/// to the new address at once and not with the next keep-alive.
///
/// Confined to its event loop. Systems without rtnetlink never report; everything then rests on timers.
final class NetworkWatch: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    /// An address change comes as several messages: removed, added, routes.
    static let settling: TimeAmount = .milliseconds(50)
    /// `RTMGRP_IPV4_IFADDR | RTMGRP_IPV4_ROUTE | RTMGRP_IPV6_IFADDR | RTMGRP_IPV6_ROUTE` of linux/rtnetlink.h.
    private static let groups: UInt32 = 0x10 | 0x40 | 0x100 | 0x400

    private let eventLoop: any EventLoop
    private let onChange: () -> Void
    private var channel: (any Channel)?
    private var isClosed = false
    private var settling: LoopTimer?

    init(eventLoop: any EventLoop, onChange: @escaping () -> Void) {
        self.eventLoop = eventLoop
        self.onChange = onChange
    }

    func start() {
        guard let descriptor = Self.openSocket() else { return }
        settling = LoopTimer(eventLoop: eventLoop, onFire: onChange)
        let handler = NIOLoopBound(self, eventLoop: eventLoop)
        NIOPipeBootstrap(group: eventLoop)
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(handler.value) }
            }
            .takingOwnershipOfDescriptor(input: descriptor)
            .assumeIsolated()
            .whenComplete { result in
                switch result {
                case .success(let channel):
                    self.channel = channel
                    if self.isClosed { channel.close(promise: nil) }
                case .failure:
                    Glibc.close(descriptor)
                }
            }
    }

    func close() {
        isClosed = true
        settling?.cancel()
        channel?.close(promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        settling?.set(.now() + Self.settling)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // ENOBUFS: the kernel had more to tell than fits, so something did change.
        settling?.set(.now() + Self.settling)
        context.close(promise: nil)
    }

    /// A bound netlink socket; nil where a sandbox forbids it.
    private static func openSocket() -> CInt? {
        let type = Int32(SOCK_RAW.rawValue) | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        let descriptor = socket(AF_NETLINK, type, 0)
        guard descriptor >= 0 else { return nil }
        // struct sockaddr_nl: family (16 bits), padding (16), port id (32, 0 = the kernel chooses), groups (32).
        var address: (UInt16, UInt16, UInt32, UInt32) = (UInt16(AF_NETLINK), 0, 0, groups)
        let bound = withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { bind(descriptor, $0, 12) }
        }
        guard bound == 0 else {
            Glibc.close(descriptor)
            return nil
        }
        return descriptor
    }
}
#else
/// On this system nothing tells of address changes; everything rests on timers.
final class NetworkWatch {
    init(eventLoop: any EventLoop, onChange: @escaping () -> Void) {}
    func start() {}
    func close() {}
}
#endif
