import GodwitEdge
import GodwitSession
import GodwitTLS
import GodwitTransport
import GodwitWire
import Logging
import NIOCore
import NIOPosix

/// A real edge on loopback without the core: handshake, encryption, reliability, sessions and dispatch, nothing left out.
struct EchoEdge: Sendable {
    let address: SocketAddress
    let clientTLS: TLSContext
    private let edge: Edge

    /// - Parameters:
    ///   - idle: silence after which a connection is forgotten.
    ///   - offload: whether datagrams go through the kernel in batches.
    static func start(
        loops: Int, idle: TimeAmount = .seconds(30), offload: ServeConfiguration.DatagramOffload = .auto
    ) async throws -> EchoEdge {
        let identity = try ServerIdentity.generate(commonName: "localhost")
        var configuration = ServeConfiguration()
        configuration.listen = HostPort(host: "127.0.0.1", port: 0)
        configuration.eventLoops = loops
        configuration.timeouts.idle = idle
        configuration.upstreams.im = .off
        configuration.datagram.offload = offload
        var logger = Logger(label: "godwit.bench")
        logger.logLevel = .error
        let edge = try await Edge.start(configuration, identity: identity, logger: logger)
        return EchoEdge(
            address: edge.listenAddress,
            clientTLS: try TLSContext.client(pins: [identity.pin], alpn: ["godwit/1"]), edge: edge)
    }

    func stop() async { await edge.stop() }
}

/// A client's connection and session without the SDK's racing and storage, so that the server is what is measured.
final class GodwitEchoClient: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let server: SocketAddress
    private let tls: TLSContext
    private let tally: EchoTally
    /// Datagrams that leave together go through the kernel as one.
    private let sendsBatches: Bool
    private let session: Session
    private var connection: Connection?
    private var message = ByteBuffer()
    private var timer: Scheduled<Void>?
    private var timerDeadline: NIODeadline?

    init(server: SocketAddress, tls: TLSContext, tally: EchoTally, sendsBatches: Bool = false) {
        self.server = server
        self.tls = tls
        self.tally = tally
        self.sendsBatches = sendsBatches
        session = Session.client(ticket: nil, incarnation: RandomSource.system.next())
    }

    func channelActive(context: ChannelHandlerContext) {
        let port = UInt16(server.port ?? 0)
        do throws(TransportError) {
            connection = try Connection.client(
                configuration: .client, tls: tls, serverName: nil, remote: Address(ipv4: 0x7f00_0001, port: port),
                random: .system, workspace: tally.workspace, now: .now())
        } catch {
            context.fireErrorCaught(error)
            return
        }
        drive(context)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard let connection else { return }
        let envelope = unwrapInboundIn(data)
        let now = NIODeadline.now()
        for datagram in DatagramSegments(envelope.data, segmentBytes: envelope.metadata?.segmentSize) {
            connection.receive(datagram, from: connection.remote, now: now)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { drive(context) }

    func channelInactive(context: ChannelHandlerContext) {
        timer?.cancel()
        connection = nil
    }

    private func drive(_ context: ChannelHandlerContext) {
        guard let connection else { return }
        let now = NIODeadline.now()
        while let event = connection.pollEvent() {
            switch event {
            case .established: session.carrierAttached(now: now)
            case .message(let envelope):
                do throws(SessionError) {
                    try session.receive(envelope, now: now)
                } catch {
                    context.fireErrorCaught(error)
                }
            case .datagram, .earlyMessage, .ticket, .messageAcknowledged, .messageLate, .remoteAddressChanged, .closed:
                break
            }
        }
        while let event = session.pollEvent() {
            switch event {
            case .opened:
                for _ in 0..<tally.inFlight { request(now) }
                tally.connected()
            case .message(let reply):
                var body = reply.body
                if let sentAt = body.readInteger(as: UInt64.self) {
                    tally.completed(sentAt: .uptimeNanoseconds(sentAt), now: now)
                }
                if !tally.isOver { request(now) }
            case .datagram, .acknowledged, .abandoned, .pong, .rejected, .closed: break
            }
        }
        while let envelope = session.pollTransmit(now: now) {
            do throws(SendError) {
                _ = try connection.send(envelope, now: now)
            } catch {
                context.fireErrorCaught(error)
            }
        }
        if transmit(connection, context, now: now) { context.flush() }
        setTimer(context)
    }

    /// - Returns: whether there was anything to send.
    private func transmit(_ connection: Connection, _ context: ChannelHandlerContext, now: NIODeadline) -> Bool {
        var hasWritten = false
        while true {
            var datagram = tally.datagramBuffers.take()
            guard let remote = connection.pollTransmit(now: now, into: &datagram) else {
                tally.datagramBuffers.putBack(datagram)
                break
            }
            let ready = tally.batcher.add(
                datagram, to: server, remote: remote, mark: .notCapable,
                mayJoin: sendsBatches && datagram.readableBytes <= connection.datagramLimit)
            if let ready { write(ready, context) }
            tally.datagramBuffers.keep(datagram)
            hasWritten = true
        }
        if let ready = tally.batcher.end() { write(ready, context) }
        return hasWritten
    }

    private func write(_ batch: DatagramBatch, _ context: ChannelHandlerContext) {
        context.write(
            NIOAny(AddressedEnvelope(remoteAddress: server, data: batch.data, metadata: batch.metadata)), promise: nil)
    }

    private func request(_ now: NIODeadline) {
        message.clear()
        message.writeInteger(now.uptimeNanoseconds)
        message.writeRepeatingByte(0x61, count: max(0, tally.size - message.readableBytes))
        // Not compressed: a row of equal letters would make the message smaller than the bare echo's.
        _ = try? session.send(
            OutgoingMessage(kind: .request(command: Command.echo.rawValue), body: message, compressible: false),
            now: now)
    }

    /// One timer, moved only to earlier: most deadlines move to later with each packet and are found early when they come up.
    private func setTimer(_ context: ChannelHandlerContext) {
        let never = NIODeadline.distantFuture
        let deadline = min(connection?.pollTimeout() ?? never, session.pollTimeout() ?? never)
        guard deadline < never else { return }
        if let timerDeadline, timerDeadline <= deadline { return }
        timer?.cancel()
        timerDeadline = deadline
        timer = context.eventLoop.assumeIsolated().scheduleTask(deadline: deadline) { [self] in
            timerDeadline = nil
            let now = NIODeadline.now()
            connection?.handleTimeout(now: now)
            session.handleTimeout(now: now)
            drive(context)
        }
    }
}
