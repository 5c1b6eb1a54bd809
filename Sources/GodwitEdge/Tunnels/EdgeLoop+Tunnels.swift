import Glibc
import GodwitMetrics
import GodwitSession
import GodwitTunnel
import GodwitWire
import Logging
import NIOCore
import NIOPosix

/// TCP connections that clients have carried over their sessions, to targets that the configuration allows.
extension EdgeLoop {
    func openTunnel(_ message: IncomingMessage, of bound: BoundSession, now: NIODeadline) {
        guard let upstream = shared.upstreams.tunnel else {
            return refuseTunnel(
                message.id, .off, "this server has no tunnels: its upstreams.tunnel.allow is empty", bound, now)
        }
        let open: TunnelOpen
        do throws(EnvelopeError) {
            open = try TunnelOpen(decoding: message.body)
        } catch {
            return refuseTunnel(message.id, .malformed, "the opening cannot be read: \(error)", bound, now)
        }
        guard upstream.accepts(open.token) else {
            return refuseTunnel(
                message.id, .token, "the tunnel token is missing or not this server's upstreams.tunnel.token", bound,
                now)
        }
        guard let destination = upstream.allow.destination(of: open.target) else {
            return refuseTunnel(
                message.id, .notAllowed, "\(open.target) is not in this server's upstreams.tunnel.allow", bound, now)
        }
        let table = bound.tunnels ?? makeTunnelTable(for: bound)
        guard !table.contains(open.tunnel) else {
            return refuseTunnel(message.id, .malformed, "tunnel \(open.tunnel) is open already", bound, now)
        }
        // Connections under way count on their own: a tunnel that is reset meanwhile does not end them.
        guard max(table.count, bound.tunnelsConnecting) < upstream.tunnelsPerSession,
            max(tunnelCount, tunnelsConnecting) < upstream.tunnels
        else {
            metrics.shared.shed.child("tunnels").increment()
            return refuseTunnel(
                message.id, .limit, "too many tunnels are open; close some or try again later", bound, now)
        }
        connect(open.tunnel, to: destination, table, answering: message.id, bound, now)
    }

    func takeTunnelFrame(_ body: ByteBuffer, of bound: BoundSession, now: NIODeadline) {
        do throws(EnvelopeError) {
            bound.tunnels?.receive(try TunnelFrame(decoding: body), now: now)
        } catch {
            // Which stream now has a gap is not known.
            metrics.shared.shed.child("bad_tunnel_frame").increment()
            bound.tunnels?.resetAll(.violation)
        }
    }

    /// Hands the session what its tunnels have for it, as far as it has room.
    func sendTunnelFrames(of bound: BoundSession, now: NIODeadline) {
        guard let table = bound.tunnels else { return }
        while let frame = table.nextFrame(backlog: bound.tunnelBacklog, now: now) {
            var body = ByteBuffer()
            frame.encode(into: &body)
            do throws(SessionSendError) {
                _ = try bound.session.send(
                    .push(.tunnel, lane: Self.lane(of: frame.tunnel), body: body), now: now)
            } catch {
                // Others have filled the queue up to its last byte. A stream with a gap is of no use.
                metrics.shared.shed.child("tunnel_backlog").increment()
                table.drop(frame.tunnel, .broken)
                return
            }
        }
        metrics.tunnelBytesUp.add(table.bytesReceived - bound.countedTunnelBytes.up)
        metrics.tunnelBytesDown.add(table.bytesSent - bound.countedTunnelBytes.down)
        bound.countedTunnelBytes = (table.bytesReceived, table.bytesSent)
    }

    /// The session's other end has no such tunnels any more.
    func dropTunnels(of bound: BoundSession, _ reason: TunnelReset) {
        bound.tunnels?.dropAccepted(reason)
    }

    /// Resets those on which nothing moved for too long.
    func expireTunnels(now: NIODeadline) {
        guard tunnelCount > 0, let upstream = shared.upstreams.tunnel else { return }
        for bound in boundSessions.values where bound.tunnels != nil {
            bound.tunnels?.resetIdle(since: now - upstream.idle)
            touch(bound)
        }
    }

    /// A tunnel's lane, apart from the lanes of the edge's other pushes. Its number is below 2^62.
    private static func lane(of tunnel: UInt64) -> UInt64 { 1 << 62 | tunnel }

    private func makeTunnelTable(for bound: BoundSession) -> TunnelTable {
        let table = TunnelTable(maximumWindow: TunnelUpstream.maximumWindow) { [weak self] _, reason in
            self?.tunnelCount -= 1
            self?.metrics.shared.tunnels.ended.child(reason?.name ?? "finished").increment()
        }
        bound.tunnels = table
        return table
    }

    private func connect(
        _ tunnel: UInt64, to destination: HostPort, _ table: TunnelTable, answering request: LocalID,
        _ bound: BoundSession, _ now: NIODeadline
    ) {
        let socket = TunnelChannelHandler(tunnel: tunnel, table: table) { [weak self, weak bound] in
            if let bound { self?.touch(bound) }
            self?.endTurn()
        }
        tunnelCount += 1
        tunnelsConnecting += 1
        bound.tunnelsConnecting += 1
        table.add(tunnel, socket: socket, isAccepted: true, now: now)
        let attempt = TunnelAttempt(
            loop: self, bound: bound, table: table, socket: socket, tunnel: tunnel, destination: destination,
            request: request, since: now)
        let bounded = NIOLoopBound(attempt, eventLoop: eventLoop)
        ClientBootstrap(group: eventLoop)
            .connectTimeout(TunnelUpstream.connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(.socketOption(.so_rcvbuf), value: TunnelLimits.kernelBytes)
            .channelOption(.allowRemoteHalfClosure, value: true)
            .channelOption(.autoRead, value: false)
            .channelOption(.maxMessagesPerRead, value: 1)
            .connect(host: destination.host, port: destination.port)
            .whenComplete { result in bounded.value.ended(result) }
    }

    /// Why a tunnel was not opened, as the metrics tell it.
    enum TunnelRefusal: String {
        case off, malformed, token, limit, unreachable
        case notAllowed = "not_allowed"

        fileprivate var status: Status {
            switch self {
            case .off: .unknownCommand
            case .malformed: .badRequest
            case .token: .unauthenticated
            case .notAllowed: .forbidden
            case .limit: .overloaded
            case .unreachable: .unavailable
            }
        }
    }

    fileprivate func refuseTunnel(
        _ request: LocalID, _ reason: TunnelRefusal, _ text: String, _ bound: BoundSession, _ now: NIODeadline
    ) {
        metrics.shared.tunnels.opened.child(reason.rawValue).increment()
        answer(request, reason.status, text, Command.tunnelOpen.rawValue, bound, now)
    }

    /// A connection to a target on its way.
    private struct TunnelAttempt {
        let loop: EdgeLoop
        let bound: BoundSession
        let table: TunnelTable
        let socket: TunnelChannelHandler
        let tunnel: UInt64
        let destination: HostPort
        let request: LocalID
        let since: NIODeadline

        func ended(_ result: Result<any Channel, any Error>) {
            let now = loop.turnTime()
            let command = Command.tunnelOpen.rawValue
            loop.tunnelsConnecting -= 1
            bound.tunnelsConnecting -= 1
            loop.metrics.requestDuration(command).observe(nanoseconds: (now - since).nanoseconds)
            switch result {
            case .success(let channel):
                // The answer first: the client takes nothing of a tunnel before it. A tunnel that was reset meanwhile is
                // answered too, and its socket knows that it is to close.
                loop.metrics.shared.tunnels.opened.child("ok").increment()
                loop.respond(
                    to: request, .ok, ByteBuffer(), command, bound, now, lane: EdgeLoop.lane(of: tunnel))
                // Only now: a name with several addresses has several channels on the way to the one that connects.
                do {
                    try channel.pipeline.syncOperations.addHandler(socket)
                    socket.start()
                } catch {
                    // It is closed already.
                    table.lost(tunnel)
                }
            case .failure(let error):
                table.drop(tunnel, .broken)
                loop.shared.logger.debug(
                    "tunnel target unreachable", metadata: ["target": "\(destination)", "error": "\(error)"])
                loop.refuseTunnel(
                    request, .unreachable, "the server cannot connect to \(destination): \(Self.words(error))", bound,
                    now)
            }
            loop.endTurn()
        }

        private static func words(_ error: any Error) -> String {
            switch error {
            case let error as NIOConnectionError:
                // A name may have several addresses; the first failure tells as much as all.
                if let failure = error.connectionErrors.first { return words(failure.error) }
                return error.dnsAError.map(words) ?? error.dnsAAAAError.map(words) ?? "it has no address"
            case let error as IOError: return String(cString: strerror(error.errnoCode))
            case ChannelError.connectTimeout: return "no answer within 10 s"
            default: return "\(error)"
            }
        }
    }
}
