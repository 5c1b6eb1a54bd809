import Histogram
import NIOCore
import NIOPosix

/// The load of one round: a number of UDP sockets spread over the client loops, each with a handler that keeps its requests under way.
struct EchoLoad: Sendable {
    let connections: Int
    let inFlight: Int
    let size: Int
    let duration: TimeAmount
    /// The kernel may join datagrams that arrive together.
    var receivesBatches = false

    /// How long all connections may take to come up.
    private static let connectTimeout: TimeAmount = .seconds(30)

    /// Connections that are all up, by client loop.
    struct Connected {
        var tallies: [(loop: any EventLoop, tally: NIOLoopBound<EchoTally>, ready: EventLoopFuture<Void>)] = []
        var channels: [any Channel] = []

        /// Without a word to the server.
        func close() async throws {
            for channel in channels { try await channel.close() }
        }
    }

    /// Runs one round.
    func run<Client: ChannelInboundHandler>(
        on group: MultiThreadedEventLoopGroup, server: SocketAddress,
        client: @escaping @Sendable (SocketAddress, EchoTally) -> Client
    ) async throws -> EchoFigures {
        let connected = try await connect(on: group, server: server, client: client)
        for entry in connected.tallies { try await entry.loop.submit { entry.tally.value.isCounting = true }.get() }
        let start = NIODeadline.now()
        let startCPU = ProcessCPU.seconds()
        try await group.any().scheduleTask(in: duration) {}.futureResult.get()
        var figures = EchoFigures()
        for entry in connected.tallies {
            let (count, p50, p99) = try await entry.loop.submit {
                let tally = entry.tally.value
                tally.isOver = true
                return (
                    tally.roundTrips, tally.latencies.valueAtPercentile(50), tally.latencies.valueAtPercentile(99)
                )
            }.get()
            figures.roundTrips += count
            figures.p50 = max(figures.p50, p50)
            figures.p99 = max(figures.p99, p99)
        }
        figures.seconds = Double((NIODeadline.now() - start).nanoseconds) / 1e9
        figures.cpuSeconds = ProcessCPU.seconds() - startCPU
        try await connected.close()
        return figures
    }

    /// Brings all connections up.
    func connect<Client: ChannelInboundHandler>(
        on group: MultiThreadedEventLoopGroup, server: SocketAddress,
        client: @escaping @Sendable (SocketAddress, EchoTally) -> Client
    ) async throws -> Connected {
        var connected = Connected()
        let loops = Array(group.makeIterator())
        for (index, loop) in loops.enumerated() {
            let share = connections / loops.count + (index < connections % loops.count ? 1 : 0)
            let (tally, ready) = try await loop.submit { [inFlight, size] in
                let tally = EchoTally(inFlight: inFlight, size: size)
                let ready = loop.makePromise(of: Void.self)
                let timeout = loop.assumeIsolated().scheduleTask(in: Self.connectTimeout) {
                    ready.fail(BenchError.connect(ready: tally.ready, of: share))
                }
                if share == 0 { ready.succeed() }
                tally.whenReady = { if tally.ready == share { ready.succeed(); timeout.cancel() } }
                return (NIOLoopBound(tally, eventLoop: loop), ready.futureResult)
            }.get()
            for _ in 0..<share {
                connected.channels.append(
                    try await bootstrap(on: loop)
                        .channelInitializer { channel in
                            channel.eventLoop.makeCompletedFuture {
                                try channel.pipeline.syncOperations.addHandler(client(server, tally.value))
                            }
                        }
                        .bind(host: "127.0.0.1", port: 0).get())
            }
            connected.tallies.append((loop, tally, ready))
        }
        for entry in connected.tallies { try await entry.ready.get() }
        return connected
    }

    private func bootstrap(on loop: any EventLoop) -> DatagramBootstrap {
        let bootstrap = DatagramBootstrap(group: loop)
            .channelOption(
                .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: receivesBatches ? 65_536 : 2_048))
        guard receivesBatches else { return bootstrap }
        return
            bootstrap
            .channelOption(.datagramReceiveOffload, value: true)
            .channelOption(.datagramReceiveSegmentSize, value: true)
    }
}

enum BenchError: Error, CustomStringConvertible {
    case connect(ready: Int, of: Int)
    /// `/proc/self/status` has no RssAnon line, which Linux has had since 4.5.
    case noMemoryFigure
    /// `malloc_info` tells something else here.
    case noHeapFigure

    var description: String {
        switch self {
        case .connect(let ready, let count):
            "only \(ready) of \(count) connections came up; try fewer with --connections, or raise the open-file limit"
        case .noMemoryFigure: "/proc/self/status does not tell RssAnon here; Linux 4.5 or later is needed"
        case .noHeapFigure: "malloc_info does not tell what is allocated here; glibc 2.10 or later is needed"
        }
    }
}
