import GodwitWire
import NIOCore
import NIOPosix

/// A bad network between clients and a server, in the test process: one port, UDP and TCP, and faults on command.
///
/// Confined to its event loop. What it forgets on an address change stays forgotten, as with a NAT.
final class Relay: @unchecked Sendable {
    /// What happens to datagrams, each way.
    struct Weather: Sendable {
        var dropShare = 0.0
        var corruptShare = 0.0
    }

    /// What becomes of UDP at all.
    enum UDP: Sendable {
        case passed
        /// A firewall that says nothing.
        case swallowed
    }

    private let eventLoop: any EventLoop
    private let server: SocketAddress
    private let random: RandomSource
    private let weather: Weather
    private let udp: UDP
    private var isDark = false
    private var front: (any Channel)?
    private var listener: (any Channel)?
    /// One socket towards the server for each client address.
    private var upstreams: [SocketAddress: any Channel] = [:]
    private var streams: [ObjectIdentifier: any Channel] = [:]

    private init(server: SocketAddress, weather: Weather, udp: UDP, seed: UInt64, eventLoop: any EventLoop) {
        self.server = server
        self.weather = weather
        self.udp = udp
        self.eventLoop = eventLoop
        random = .seeded(seed)
    }

    static func start(to port: Int, weather: Weather = Weather(), udp: UDP = .passed, seed: UInt64 = 1) async throws
        -> Relay
    {
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let relay = Relay(
            server: try SocketAddress(ipAddress: "127.0.0.1", port: port), weather: weather, udp: udp, seed: seed,
            eventLoop: loop
        )
        // A port that is free for TCP is free for UDP as a rule; others may take it in between.
        for attempt in 1... {
            do {
                try await relay.listen()
                break
            } catch {
                if attempt == 10 { throw error }
            }
        }
        return relay
    }

    /// HOST:PORT for clients.
    var address: String { "127.0.0.1:\(listener?.localAddress?.port ?? 0)" }

    private func listen() async throws {
        let listener = try await ServerBootstrap(group: eventLoop)
            .childChannelInitializer { [self] channel in
                channel.eventLoop.makeCompletedFuture {
                    try channel.pipeline.syncOperations.addHandler(StreamEnd(relay: self, role: .client))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
        self.listener = listener
        do {
            front = try await DatagramBootstrap(group: eventLoop)
                .channelInitializer { [self] channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(DatagramEnd(relay: self, client: nil))
                    }
                }
                .bind(host: "127.0.0.1", port: listener.localAddress?.port ?? 0).get()
        } catch {
            try await listener.close()
            throw error
        }
    }

    func close() async throws {
        try await onLoop { [self] in
            front?.close(promise: nil)
            listener?.close(promise: nil)
            for channel in upstreams.values { channel.close(promise: nil) }
            for channel in streams.values { channel.close(promise: nil) }
        }
    }

    // MARK: Faults

    /// Nothing passes for so long. TCP connections of now never recover: their ends are not told.
    func blackout(for time: TimeAmount) async throws {
        try await onLoop { [self] in
            isDark = true
            for channel in streams.values { channel.triggerUserOutboundEvent(StreamEnd.GoSilent(), promise: nil) }
        }
        try await eventLoop.scheduleTask(in: time) { [self] in isDark = false }.futureResult.get()
    }

    /// The server sees another source port from now on; what it sends to the old one is lost, and TCP connections break.
    func rebind() async throws {
        try await onLoop { [self] in
            for channel in upstreams.values { channel.close(promise: nil) }
            upstreams.removeAll()
            for channel in streams.values { channel.close(promise: nil) }
        }
    }

    private func onLoop(_ body: @escaping @Sendable () -> Void) async throws {
        try await eventLoop.submit(body).get()
    }

    /// The datagram as it comes out at the other end, if it does.
    private func weathered(_ datagram: ByteBuffer) -> ByteBuffer? {
        guard !isDark, udp == .passed, random.uniform() >= weather.dropShare else { return nil }
        guard random.uniform() < weather.corruptShare, datagram.readableBytes > 0 else { return datagram }
        var damaged = datagram
        let index = damaged.readerIndex + Int(random.next() % UInt64(damaged.readableBytes))
        let byte: UInt8 = damaged.getInteger(at: index) ?? 0
        damaged.setInteger(byte ^ UInt8(1 << (random.next() % 8)), at: index)
        return damaged
    }

    // MARK: Datagrams

    private func received(_ envelope: AddressedEnvelope<ByteBuffer>, for client: SocketAddress?) {
        guard let data = weathered(envelope.data) else { return }
        if let client {
            front?.writeAndFlush(AddressedEnvelope(remoteAddress: client, data: data), promise: nil)
        } else if let upstream = upstreams[envelope.remoteAddress] {
            upstream.writeAndFlush(AddressedEnvelope(remoteAddress: server, data: data), promise: nil)
        } else {
            let client = envelope.remoteAddress
            DatagramBootstrap(group: eventLoop)
                .channelInitializer { [self] channel in
                    channel.eventLoop.makeCompletedFuture {
                        try channel.pipeline.syncOperations.addHandler(DatagramEnd(relay: self, client: client))
                    }
                }
                .bind(host: "127.0.0.1", port: 0)
                .whenSuccess { [self] channel in
                    // Two may have been under way: the newer is as good.
                    upstreams.updateValue(channel, forKey: client)?.close(promise: nil)
                    channel.writeAndFlush(AddressedEnvelope(remoteAddress: server, data: data), promise: nil)
                }
        }
    }

    /// The relay's side towards the clients (`client` nil), or towards the server on behalf of one client.
    private final class DatagramEnd: ChannelInboundHandler, Sendable {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>

        private let relay: Relay
        private let client: SocketAddress?

        init(relay: Relay, client: SocketAddress?) {
            self.relay = relay
            self.client = client
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            relay.received(unwrapInboundIn(data), for: client)
        }

        /// A port that nobody has answers with an ICMP error; the network goes on.
        func errorCaught(context: ChannelHandlerContext, error: any Error) {}
    }

    // MARK: Streams

    /// One end of a relayed TCP connection.
    private final class StreamEnd: ChannelDuplexHandler, @unchecked Sendable {
        typealias InboundIn = ByteBuffer
        typealias OutboundIn = ByteBuffer

        struct GoSilent: Sendable {}

        enum Role {
            case client
            case server(any Channel)
        }

        private let relay: Relay
        private var partner: (any Channel)?
        private let role: Role
        private var early = ByteBuffer()
        private var isSilent = false

        init(relay: Relay, role: Role) {
            self.relay = relay
            self.role = role
        }

        func channelActive(context: ChannelHandlerContext) {
            relay.streams[ObjectIdentifier(context.channel)] = context.channel
            isSilent = relay.isDark
            switch role {
            case .server(let client): partner = client
            case .client where isSilent: break
            case .client:
                let (relay, client) = (relay, context.channel)
                ClientBootstrap(group: relay.eventLoop)
                    .channelInitializer { channel in
                        channel.eventLoop.makeCompletedFuture {
                            try channel.pipeline.syncOperations.addHandler(
                                StreamEnd(relay: relay, role: .server(client)))
                        }
                    }
                    .connect(to: relay.server)
                    .whenComplete { [self] result in
                        switch result {
                        case .success(let server):
                            partner = server
                            server.writeAndFlush(early, promise: nil)
                        case .failure:
                            client.close(promise: nil)
                        }
                    }
            }
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            guard !isSilent else { return }
            if let partner {
                partner.writeAndFlush(unwrapInboundIn(data), promise: nil)
            } else {
                early.writeImmutableBuffer(unwrapInboundIn(data))
            }
        }

        func channelInactive(context: ChannelHandlerContext) {
            relay.streams[ObjectIdentifier(context.channel)] = nil
            if !isSilent { partner?.close(promise: nil) }
        }

        func triggerUserOutboundEvent(
            context: ChannelHandlerContext, event: Any, promise: EventLoopPromise<Void>?
        ) {
            if event is GoSilent { isSilent = true }
            promise?.succeed()
        }

        func errorCaught(context: ChannelHandlerContext, error: any Error) {
            context.close(promise: nil)
        }
    }
}
