import ArgumentParser
import Glibc
import GodwitEdge
import GodwitMetrics
import Logging
import Metrics
import NIOCore
import NIOPosix
import ServiceLifecycle
import UnixSignals

/// `godwit serve`: edge and core in one process.
struct ServeCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "serve", abstract: "Serves clients: edge and core in one process.",
        discussion: """
            A flag beats its environment variable, that beats the file, and the file beats the default. On the first start \
            the server makes its key and certificate in the data directory; clients know it by the key's pin.
            """)

    @Option(help: ArgumentHelp("Configuration, YAML. Also GODWIT_CONFIG.", valueName: "file"))
    var config: String?

    @Option(help: ArgumentHelp("Where key, certificate and store are.", valueName: "dir"))
    var data: String?

    @Option(help: ArgumentHelp("Where clients connect, UDP and TCP; port 0 takes a free one.", valueName: "host:port"))
    var listen: String?

    @Option(help: ArgumentHelp("Where metrics and the status page are served.", valueName: "host:port"))
    var admin: String?

    func run() async throws {
        do {
            try await serve()
        } catch let error as any CustomStringConvertible & Error {
            throw Failure(error)
        }
    }

    private func serve() async throws {
        let layers = try layers()
        let configuration = try layers.resolve()
        let logger = StandardErrorLog.bootstrap(level: configuration.log.level)
        for (variable, nearest) in layers.suspiciousVariables {
            logger.warning("\(variable) is not a setting; did you mean \(nearest)?")
        }
        let registry = Registry()
        registry.collectProcessFigures()
        MetricsSystem.bootstrap(PrometheusMetricsFactory(registry: registry))

        let (identity, isNew) = try IdentityFiles(dataDirectory: configuration.dataDirectory).loadOrMake()
        if isNew {
            logger.info("made a new key and certificate", metadata: ["directory": "\(configuration.dataDirectory)/tls"])
        }
        let endpoint = try TransportSecret(dataDirectory: configuration.dataDirectory).loadOrMake()
        let edge = try await Edge.start(
            configuration, identity: identity, endpoint: endpoint, registry: registry, logger: logger)
        let banner = Banner(edge: edge)
        let adminServer = AdminServer(
            configuration: AdminConfiguration(address: configuration.admin), source: edge, logger: logger,
            onBound: { address in banner.print(admin: address) })
        // Services stop in the reverse order: the admin pages answer while the edge drains.
        let group = ServiceGroup(
            configuration: ServiceGroupConfiguration(
                services: [
                    .init(service: adminServer, failureTerminationBehavior: .gracefullyShutdownGroup),
                    .init(service: edge, successTerminationBehavior: .gracefullyShutdownGroup),
                ],
                gracefulShutdownSignals: [.sigterm, .sigint], logger: logger))
        do {
            try await group.run()
        } catch {
            await edge.stop()
            throw error
        }
    }

    private func layers() throws -> ConfigurationLayers {
        let environment = Self.environment
        let path = config ?? environment[ConfigurationLayers.fileVariable].flatMap { $0.isEmpty ? nil : $0 }
        let flags: [(name: String, key: String, value: String?)] = [
            ("--data", "data", data), ("--listen", "listen", listen), ("--admin", "admin", admin),
        ]
        return ConfigurationLayers(
            file: try path.map { path throws(ConfigurationError) in try ConfigurationLayers.read(path: path) },
            environment: environment,
            flags: flags.compactMap { flag in
                flag.value.map { ConfigurationLayers.Flag(name: flag.name, key: flag.key, value: $0) }
            })
    }

    private static var environment: [String: String] {
        var result: [String: String] = [:]
        var entry = environ
        while let text = entry.pointee {
            let pair = String(cString: text).split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
            if pair.count == 2 { result[String(pair[0])] = String(pair[1]) }
            entry += 1
        }
        return result
    }
}
