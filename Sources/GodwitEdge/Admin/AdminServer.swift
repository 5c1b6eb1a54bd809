import Hummingbird
import HummingbirdCore
import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle

/// Serves the admin pages until graceful shutdown: `/`, `/metrics`, `/success`, `/status`, `/livez`, `/readyz`.
///
/// It keeps answering while the edge drains; stop it last.
package struct AdminServer<Source: AdminSource>: Service {
    private let configuration: AdminConfiguration
    private let source: Source
    private let group: any EventLoopGroup
    private let logger: Logger
    private let onBound: @Sendable (SocketAddress) async -> Void

    /// - Parameters:
    ///   - group: loops to run on; not the ones that serve clients.
    ///   - onBound: told the address once requests are accepted, for port 0 and for the banner.
    package init(
        configuration: AdminConfiguration, source: Source,
        group: any EventLoopGroup = MultiThreadedEventLoopGroup.singleton, logger: Logger,
        onBound: @escaping @Sendable (SocketAddress) async -> Void = { _ in }
    ) {
        self.configuration = configuration
        self.source = source
        self.group = group
        self.logger = logger
        self.onBound = onBound
    }

    package func run() async throws {
        let onBound = onBound
        let application = Application(
            router: AdminRoutes(source: source).router(),
            server: .http1(
                configuration: .init(
                    idleTimeout: configuration.idleTimeout,
                    httpDecoderConfiguration: .init(
                        maxHeaderFieldSize: configuration.maximumHeaderFieldBytes,
                        maxHeaderListSize: configuration.maximumHeaderBytes,
                        maxHeaderFieldCount: configuration.maximumHeaderFields))),
            configuration: .init(
                address: .hostname(configuration.address.host, port: configuration.address.port),
                serverName: nil, backlog: 128,
                availableConnectionsDelegate: MaximumAvailableConnections(
                    configuration.maximumConnections, logger: logger)),
            onServerRunning: { channel in
                if let address = channel.localAddress { await onBound(address) }
            },
            eventLoopGroupProvider: .shared(group), logger: logger)
        do {
            try await application.run()
        } catch is CancellationError {
            throw CancellationError()
        } catch {
            throw AdminError(binding: configuration.address, error)
        }
    }
}
