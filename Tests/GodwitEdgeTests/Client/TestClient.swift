import GodwitSession
import GodwitTLS
import GodwitTransport
import GodwitWire
import NIOCore
import NIOPosix
import Testing

@testable import GodwitEdge

/// A client of the real protocol on real sockets: a session, and the carrier that it is on. Its state lives on one event loop.
final class TestClient: Sendable {
    struct Response: Sendable {
        let status: Status?
        let body: ByteBuffer
        var text: String { String(buffer: body) }
    }

    let loop: any EventLoop
    private let engine: NIOLoopBound<ClientEngine>

    /// - Parameter host: the edge's address, where it listens on all.
    init(
        _ edge: Edge, host: String? = nil, on loop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
    ) async throws {
        self.loop = loop
        let port = try #require(edge.listenAddress.port)
        let server = try host.map { try SocketAddress(ipAddress: $0, port: port) } ?? edge.listenAddress
        let pin = edge.pin
        engine = try await loop.submit {
            let tls = try TLSContext.client(pins: [pin], alpn: ["godwit/1"])
            return NIOLoopBound(ClientEngine(server: server, tls: tls, loop: loop), eventLoop: loop)
        }.get()
    }

    /// Opens or resumes the session on a new carrier; the old one is left without a word.
    @discardableResult
    func connect(_ kind: CarrierKind) async throws -> Resumption {
        try await loop.flatSubmit { [engine] in engine.value.connect(kind, badly: false) }.get()
    }

    /// The same with a PING where OPEN should be.
    func connectBadly(_ kind: CarrierKind) async throws {
        _ = try await loop.flatSubmit { [engine] in engine.value.connect(kind, badly: true) }.get()
    }

    func request(_ command: UInt32, _ body: ByteBuffer) async throws -> Response {
        try await send(command, body).get()
    }

    func request(_ command: Command, _ text: String) async throws -> Response {
        try await request(command.rawValue, ByteBuffer(string: text))
    }

    /// Sends without waiting for the response.
    func send(_ command: UInt32, _ body: ByteBuffer) -> EventLoopFuture<Response> {
        loop.flatSubmit { [engine] in engine.value.request(command, body) }
    }

    func nextPush() async throws -> (command: UInt32, body: ByteBuffer) {
        try await loop.flatSubmit { [engine] in engine.value.nextPush() }.get()
    }

    /// From now on nothing that the server sends on this carrier arrives.
    func goDeaf() async throws {
        try await loop.submit { [engine] in engine.value.isDeaf = true }.get()
    }

    /// The network address changes: the connection goes on from another socket.
    func changeAddress() async throws {
        try await loop.flatSubmit { [engine] in engine.value.changeAddress() }.get()
    }

    /// Why the carrier ended; waits for the end.
    func carrierEnd() async throws -> CarrierEnd {
        try await loop.flatSubmit { [engine] in engine.value.end() }.get()
    }

    /// What the client's connection knows; nil on a stream.
    func statistics() async throws -> ConnectionStatistics? {
        try await loop.submit { [engine] in engine.value.datagramLink?.statistics }.get()
    }

    /// From now on a router on the way to the server marks what may be marked.
    func meetCongestion() async throws {
        try await loop.submit { [engine] in engine.value.datagramLink?.meetsCongestion = true }.get()
    }

    func leave() async throws {
        try await loop.submit { [engine] in engine.value.leave() }.get()
    }
}

enum CarrierEnd: Equatable, Sendable {
    case datagram(CloseReason)
    case streamClosed
}

struct SessionRefused: Error, Equatable {
    let reason: String
}
