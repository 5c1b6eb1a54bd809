import Glibc
import GodwitMetrics
import GodwitTLS
import GodwitWire
import Logging
import NIOCore
import Testing

@testable import GodwitEdge

/// An edge on a free port of the loopback, with its data in a directory of its own.
struct EdgeFixture: Sendable {
    let directory: String
    var configuration = ServeConfiguration()

    init(eventLoops: Int = 2, im: ServeConfiguration.IMUpstream = .off) throws {
        var template = Array("/tmp/godwit-edge-XXXXXX".utf8CString)
        directory = try #require(mkdtemp(&template).map { String(cString: $0) })
        configuration.listen = HostPort(host: "127.0.0.1", port: 0)
        configuration.dataDirectory = directory
        configuration.eventLoops = eventLoops
        configuration.upstreams.im = im
        configuration.store.shards = 1
        configuration.timeouts.shutdown = .seconds(2)
    }

    func start() async throws -> Edge {
        let identity = try IdentityFiles(dataDirectory: directory).loadOrMake().identity
        let endpoint = try TransportSecret(dataDirectory: directory).loadOrMake()
        return try await Edge.start(configuration, identity: identity, endpoint: endpoint, logger: Self.logger)
    }

    /// Runs `body` on a started edge and stops it in any case.
    static func serving(
        eventLoops: Int = 2, im: ServeConfiguration.IMUpstream = .off,
        _ configure: (inout ServeConfiguration) -> Void = { _ in }, _ body: (Edge) async throws -> Void
    ) async throws {
        var fixture = try EdgeFixture(eventLoops: eventLoops, im: im)
        configure(&fixture.configuration)
        let edge = try await fixture.start()
        do {
            try await body(edge)
        } catch {
            await edge.stop()
            throw error
        }
        await edge.stop()
    }

    static var logger: Logger {
        var logger = Logger(label: "edge") { _ in SwiftLogNoOpLogHandler() }
        logger.logLevel = .critical
        return logger
    }
}

extension Edge {
    /// The value of a sample of the metrics page, with its labels as written there; 0 when it is not on the page.
    func sample(_ name: String) async -> Int {
        let line = await metricsText().split(separator: "\n").first { $0.hasPrefix(name + " ") }
        return line.flatMap { $0.split(separator: " ").last }.flatMap { Int($0) } ?? 0
    }

    /// Asks the loops again and again until the condition holds: each question is a turn of every loop, nothing sleeps.
    func until(_ condition: @escaping @Sendable (EdgeLoop) -> Bool) async throws {
        let deadline = NIODeadline.now() + .seconds(10)
        while NIODeadline.now() < deadline {
            if await directory.collect(condition).contains(true) { return }
            await Task.yield()
        }
        Issue.record("no loop came to the expected state in 10 s")
    }

    func untilSample(_ name: String, atLeast count: Int) async throws {
        let deadline = NIODeadline.now() + .seconds(10)
        while NIODeadline.now() < deadline {
            if await sample(name) >= count { return }
            await Task.yield()
        }
        Issue.record("\(name) did not reach \(count) in 10 s")
    }
}

extension ByteBuffer {
    /// Bytes of xorshift64, so that a message is as long on the wire as it is here.
    ///
    /// - Parameter seed: not 0.
    static func incompressible(_ count: Int, seed: UInt64) -> ByteBuffer {
        var state = seed
        return ByteBuffer(
            bytes: (0..<count).map { _ in
                state ^= state << 13
                state ^= state >> 7
                state ^= state << 17
                return UInt8(truncatingIfNeeded: state >> 32)
            })
    }
}
