import Logging
import NIOCore
import NIOPosix
import ServiceLifecycle
import Testing

@testable import GodwitEdge

/// An admin server on a port of its own, and raw text over real loopback sockets: what goes wrong below HTTP is tested
/// too.
struct AdminHTTPClient: Sendable {
    let address: SocketAddress

    struct Answer {
        var status: String
        var headers: [String: String]
        var body: String
    }

    /// Runs `body` against a server that is shut down gracefully afterwards.
    static func withServer<Source: AdminSource>(
        _ source: Source, _ configuration: AdminConfiguration = .init(address: HostPort(host: "127.0.0.1", port: 0)),
        _ body: @escaping @Sendable (AdminHTTPClient) async throws -> Void
    ) async throws {
        let (addresses, continuation) = AsyncStream.makeStream(of: SocketAddress.self)
        var logger = Logger(label: "admin-test")
        logger.logLevel = .critical
        let server = AdminServer(configuration: configuration, source: source, logger: logger) { address in
            continuation.yield(address)
        }
        let group = ServiceGroup(services: [server], logger: logger)
        try await withThrowingTaskGroup(of: Void.self) { tasks in
            tasks.addTask {
                defer { continuation.finish() }
                try await group.run()
            }
            var iterator = addresses.makeAsyncIterator()
            if let address = await iterator.next() { try await body(AdminHTTPClient(address: address)) }
            await group.triggerGracefulShutdown()
            try await tasks.waitForAll()
        }
    }

    func get(_ path: String) async throws -> Answer {
        let text = try await exchange("GET \(path) HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        let parts = text.split(separator: "\r\n\r\n", maxSplits: 1, omittingEmptySubsequences: false)
        let lines = try #require(parts.first).split(separator: "\r\n")
        var headers: [String: String] = [:]
        for line in lines.dropFirst() {
            let pair = line.split(separator: ":", maxSplits: 1)
            headers[pair[0].lowercased()] = pair.last.map { String($0.drop(while: { $0 == " " })) }
        }
        return Answer(
            status: try #require(lines.first).split(separator: " ").dropFirst().first.map(String.init) ?? "",
            headers: headers, body: parts.count > 1 ? String(parts[1]) : "")
    }

    /// Sends the text and returns everything up to the server's close.
    func exchange(_ request: String) async throws -> String {
        let channel = try await ClientBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .connect(to: address) { channel in
                channel.eventLoop.makeCompletedFuture {
                    try NIOAsyncChannel<ByteBuffer, ByteBuffer>(wrappingChannelSynchronously: channel)
                }
            }
        return try await channel.executeThenClose { inbound, outbound in
            var answer = ByteBuffer()
            do {
                try await outbound.write(ByteBuffer(string: request))
                for try await part in inbound { answer.writeImmutableBuffer(part) }
            } catch is IOError {
                // A server that refuses what it has not read resets the connection; what it said before counts.
            } catch ChannelError.ioOnClosedChannel {
                // It has closed before anything was said.
            }
            return String(buffer: answer)
        }
    }
}
