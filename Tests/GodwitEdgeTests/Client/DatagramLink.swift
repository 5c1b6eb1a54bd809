import GodwitTransport
import GodwitWire
import NIOCore
import NIOPosix

@testable import GodwitEdge

/// A client's datagram carrier: a connection and its UDP socket.
final class DatagramLink: ClientCarrier {
    private let engine: ClientEngine
    private let connection: Connection
    private var channel: (any Channel)?
    private var timer: Scheduled<Void>?
    /// Marked datagrams leave as a congested router would pass them on.
    var meetsCongestion = false
    var statistics: ConnectionStatistics { connection.statistics }

    private init(engine: ClientEngine) throws {
        self.engine = engine
        guard let remote = Address(engine.server) else { throw SocketAddressError.unsupported }
        connection = try Connection.client(
            configuration: .client, tls: engine.tls, serverName: nil, remote: remote, random: .system, now: .now())
    }

    static func open(_ engine: ClientEngine) -> EventLoopFuture<Void> {
        do {
            return try DatagramLink(engine: engine).bind()
        } catch {
            return engine.loop.makeFailedFuture(error)
        }
    }

    /// A new socket, and so a new address; the old socket is closed.
    func changeAddress() -> EventLoopFuture<Void> {
        let bound = NIOLoopBound(self, eventLoop: engine.loop)
        let old = channel
        return bind().map {
            old?.close(promise: nil)
            bound.value.connection.rebind(now: .now())
            bound.value.flush()
        }
    }

    private func bind() -> EventLoopFuture<Void> {
        let bound = NIOLoopBound(self, eventLoop: engine.loop)
        let any = engine.server.ipAddress == "::1" ? "::1" : "127.0.0.1"
        return DatagramBootstrap(group: engine.loop)
            .bind(host: any, port: 0)
            .flatMapThrowing { channel in
                // A handler belongs to one pipeline, so each socket gets its own in front of this.
                try channel.pipeline.syncOperations.addHandler(Inlet(link: bound.value))
                try channel.syncOptions?.setOption(.explicitCongestionNotification, value: true)
                bound.value.channel = channel
                bound.value.flush()
            }
    }

    private final class Inlet: ChannelInboundHandler {
        typealias InboundIn = AddressedEnvelope<ByteBuffer>
        private let link: DatagramLink

        init(link: DatagramLink) { self.link = link }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            let envelope = unwrapInboundIn(data)
            guard !link.engine.isDeaf, let source = Address(envelope.remoteAddress) else { return }
            link.connection.receive(
                envelope.data, from: source, mark: ECNCodepoint(envelope.metadata), now: .now())
            link.takeEvents()
            link.flush()
        }
    }

    private func takeEvents() {
        while let event = connection.pollEvent() {
            switch event {
            case .established: engine.attach(self)
            case .message(let envelope): engine.receive(envelope, from: self)
            case .datagram, .earlyMessage, .ticket, .messageAcknowledged, .messageLate, .remoteAddressChanged: break
            case .closed(let reason): engine.lost(self, .datagram(reason))
            }
        }
    }

    func send(_ envelope: ByteBuffer) {
        _ = try? connection.send(envelope, now: .now())
    }

    func flush() {
        guard let channel else { return }
        var datagram = ByteBuffer()
        while connection.pollTransmit(now: .now(), into: &datagram) != nil {
            let mark =
                meetsCongestion && connection.transmitMark == .capable0
                ? ECNCodepoint.congestionExperienced : connection.transmitMark
            channel.write(
                AddressedEnvelope(remoteAddress: engine.server, data: datagram, metadata: mark.metadata), promise: nil)
            datagram = ByteBuffer()
        }
        channel.flush()
        timer?.cancel()
        guard let deadline = connection.pollTimeout() else { return }
        let bound = NIOLoopBound(self, eventLoop: engine.loop)
        timer = engine.loop.scheduleTask(deadline: deadline) {
            bound.value.connection.handleTimeout(now: .now())
            bound.value.takeEvents()
            bound.value.flush()
        }
    }

    func abandon() {
        timer?.cancel()
        channel?.close(promise: nil)
        channel = nil
    }
}
