import Glibc
import GodwitMetrics
import GodwitTLS
import GodwitTransport
import GodwitWire
import IMService
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// The server that phones connect to: one UDP and one TCP port, an event loop for each core, and the core behind them.
package final class Edge: Service {
    /// Where clients connect, with the port that the system chose if it was left to it.
    package let listenAddress: SocketAddress
    package let pin: PublicKeyPin

    let directory: LoopDirectory
    let tickets: TicketIssuer?
    let metrics: EdgeMetrics
    let registry: Registry
    let core: IMService?
    let startedAt: NIODeadline
    let phase = EdgePhase()
    private let group: MultiThreadedEventLoopGroup
    private let listener: any Channel
    private let shutdownTimeout: TimeAmount
    let logger: Logger

    /// Opens the store, binds the ports and serves. Throws `EdgeError` or `IMServiceError`, and then has left nothing open.
    ///
    /// - Parameter endpoint: what datagram clients know this server by after a restart.
    package static func start(
        _ configuration: ServeConfiguration, identity: ServerIdentity,
        endpoint: EndpointIdentity = .ephemeral(.system), registry: Registry = Registry(), logger: Logger
    ) async throws -> Edge {
        let loopCount = configuration.eventLoops == 0 ? min(System.coreCount, 64) : configuration.eventLoops
        guard (1...64).contains(loopCount) else { throw EdgeError.loopCount(loopCount, limit: 64) }
        let tickets = try TicketSecret.issuer(
            file: configuration.tickets.secretFile, now: .now(), wallSeconds: Int64(time(nil)))
        var endpoint = endpoint
        endpoint.routing = try ConnectionIDKey.routing(configuration.datagram.connectionIDs)
        let tls: TLSContext
        do throws(TLSError) {
            tls = try TLSContext.server(
                identity: identity, alpn: [EdgeShared.applicationProtocol], tickets: tickets)
        } catch {
            throw EdgeError.tls(reason: error.description)
        }
        let group = MultiThreadedEventLoopGroup(numberOfThreads: loopCount)
        let directory = LoopDirectory(eventLoops: Array(group.makeIterator()))
        var core: IMService?
        do {
            if configuration.upstreams.im == .core {
                core = try IMService(
                    configuration: IMServiceConfiguration(
                        directory: configuration.dataDirectory + "/store", shardCount: configuration.store.shards),
                    output: { directory.deliver($0) })
            }
            let limits = LoopLimits(configuration, loopCount: loopCount)
            let shared = EdgeShared(
                directory: directory, tls: tls,
                upstreams: Upstreams(
                    answersEcho: configuration.upstreams.echo == .builtin, core: core, tunnel: limits.tunnel),
                metrics: EdgeMetrics(registry: registry), limits: limits, endpoint: endpoint, logger: logger)
            let listener = try await Listeners(shared: shared, group: group).open(configuration.listen)
            return Edge(
                configuration: configuration, shared: shared, registry: registry, group: group, listener: listener,
                pin: identity.pin)
        } catch {
            if let core { await Self.close(core) }
            try? await group.shutdownGracefully()
            throw error
        }
    }

    private init(
        configuration: ServeConfiguration, shared: EdgeShared, registry: Registry, group: MultiThreadedEventLoopGroup,
        listener: (channel: any Channel, address: SocketAddress), pin: PublicKeyPin
    ) {
        listenAddress = listener.address
        self.pin = pin
        directory = shared.directory
        tickets = shared.tls.tickets
        metrics = shared.metrics
        self.registry = registry
        core = shared.upstreams.core
        self.group = group
        self.listener = listener.channel
        shutdownTimeout = configuration.timeouts.shutdown
        logger = shared.logger
        startedAt = .now()
        phase.enter(.serving)
        logger.info(
            "serving",
            metadata: ["listen": "\(listenAddress.hostAndPort)", "loops": "\(shared.directory.count)"])
    }

    /// Serves until graceful shutdown or cancellation, then stops.
    package func run() async throws {
        async let _ = keepGivingBackMemory()
        try? await gracefulShutdown()
        await stop()
    }

    /// Takes no new work, waits a while for what is under way, tells clients to come back soon, closes the store. Once.
    package func stop() async {
        guard phase.enter(.draining) else { return }
        logger.info("stopping", metadata: ["waiting_at_most": "\(shutdownTimeout)"])
        try? await listener.close()
        _ = await directory.collect { $0.stopTakingWork() }
        await awaitRequests()
        _ = await directory.collect { $0.sayGoodbye() }
        if let core { await Self.close(core) }
        _ = await directory.collect { $0.finish() }
        for place in directory.places {
            try? await place.eventLoop.submit { place.state.value = nil }.get()
        }
        phase.enter(.stopped)
        logger.info("stopped")
        do {
            try await group.shutdownGracefully()
        } catch {
            logger.warning("the event loops did not stop", metadata: ["error": "\(error)"])
        }
    }

    /// Until the upstreams have answered, or it has taken too long: clients ask again then, with the same keys.
    private func awaitRequests() async {
        let deadline = NIODeadline.now() + shutdownTimeout
        while NIODeadline.now() < deadline {
            let underway = await directory.collect { $0.requestsUnderway }.reduce(0, +)
            if underway == 0 { return }
            try? await Task.sleep(for: .milliseconds(20))
        }
        logger.warning("stopping with requests under way", metadata: ["waited": "\(shutdownTimeout)"])
    }

    /// Closing waits for the disk, so it has a thread of its own.
    private static func close(_ core: IMService) async {
        try? await NIOThreadPool.singleton.runIfActive { core.shutdown() }
    }
}
