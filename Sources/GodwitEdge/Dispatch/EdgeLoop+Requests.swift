import GodwitMetrics
import GodwitSession
import GodwitWire
import IMRouting
import IMService
import Logging
import NIOCore

/// Requests on their way to an upstream, and responses and pushes on their way back.
extension EdgeLoop {
    func dispatch(_ message: IncomingMessage, of bound: BoundSession, now: NIODeadline) {
        // Of clients' pushes the edge takes those of tunnels only, and it asks clients nothing.
        if case .push(Command.tunnel.rawValue) = message.kind {
            takeTunnelFrame(message.body, of: bound, now: now)
        }
        guard case .request(let command) = message.kind else { return }
        guard !isStopping else {
            answer(
                message.id, .unavailable, "the server is stopping; ask again after reconnecting", command, bound, now)
            return
        }
        switch shared.upstreams.upstream(for: command) {
        case .echo:
            echo(message, bound, now)
        case .report:
            takeReport(message, of: bound, now: now)
        case .tunnel:
            openTunnel(message, of: bound, now: now)
        case .core(let core):
            ask(core, message, command, bound, now)
        case nil:
            answer(message.id, .unknownCommand, "command \(command) is unknown here", command, bound, now)
        }
    }

    private func echo(_ message: IncomingMessage, _ bound: BoundSession, _ now: NIODeadline) {
        let command = Command.echo.rawValue
        guard message.body.readableBytes <= LoopLimits.echoBytesMax else {
            answer(
                message.id, .tooLarge, "an echo takes at most \(LoopLimits.echoBytesMax) bytes", command, bound, now)
            return
        }
        // Compressed if the question was: the answer then costs what the question did, in time as in bytes.
        respond(to: message.id, .ok, message.body, command, bound, now, compressible: message.isCompressed)
    }

    private func ask(
        _ core: IMService, _ message: IncomingMessage, _ command: UInt32, _ bound: BoundSession, _ now: NIODeadline
    ) {
        guard bound.underway.count < LoopLimits.requestsPerSession else {
            metrics.shared.shed.child("requests_in_flight").increment()
            answer(message.id, .overloaded, "too many requests at a time; wait for answers", command, bound, now)
            return
        }
        bound.underway[message.id.rawValue] = BoundSession.Underway(command: command, since: now)
        core.handle(
            RequestOrigin(session: bound.address, sequence: message.id.rawValue, principal: bound.principal),
            command: command, body: Array(message.body.readableBytesView))
    }

    /// What the core wants done for a session of this loop.
    func perform(_ output: CoreOutput, now: NIODeadline) {
        switch output {
        case .reply(let origin, let status, let body, let authenticated):
            finish(origin, status, body, authenticated, now)
        case .push(let address, let command, let body):
            push(command, body, to: address, now: now)
        case .loggedOut(let address):
            boundSessions[SessionID(rawValue: address.session)]?.principal = nil
        }
    }

    private func finish(
        _ origin: RequestOrigin, _ status: UInt32, _ body: [UInt8], _ authenticated: Principal?, _ now: NIODeadline
    ) {
        guard let bound = boundSessions[SessionID(rawValue: origin.session.session)] else {
            // The session went away while its login was under way.
            if let authenticated { shared.upstreams.core?.detach(origin.session, principal: authenticated) }
            return
        }
        if let authenticated { bound.principal = authenticated }
        guard let request = bound.underway.removeValue(forKey: origin.sequence) else { return }
        metrics.requestDuration(request.command).observe(nanoseconds: (now - request.since).nanoseconds)
        respond(
            to: LocalID(rawValue: origin.sequence), Status(rawValue: status) ?? .internal, ByteBuffer(bytes: body),
            request.command, bound, now)
    }

    private func push(_ command: UInt32, _ body: [UInt8], to address: SessionAddress, now: NIODeadline) {
        guard let bound = boundSessions[SessionID(rawValue: address.session)] else { return }
        guard bound.session.unacknowledgedCount < LoopLimits.pushBacklog else {
            // The client sees the gap at the next one, or syncs when it is back.
            metrics.shared.shed.child("push_backlog").increment()
            return
        }
        do throws(SessionSendError) {
            // One lane: a notify that overtook another would only make the client pull what is already on its way.
            _ = try bound.session.send(
                OutgoingMessage(kind: .push(command: command), lane: Self.pushLane, body: ByteBuffer(bytes: body)),
                now: now)
            touch(bound)
        } catch {
            metrics.shared.shed.child("push_refused").increment()
        }
    }

    private static let pushLane: UInt64 = 1

    /// An answer in words for people.
    func answer(
        _ request: LocalID, _ status: Status, _ text: String, _ command: UInt32, _ bound: BoundSession,
        _ now: NIODeadline
    ) {
        respond(to: request, status, ByteBuffer(string: text), command, bound, now)
    }

    func respond(
        to request: LocalID, _ status: Status, _ body: ByteBuffer, _ command: UInt32, _ bound: BoundSession,
        _ now: NIODeadline, lane: UInt64? = nil, compressible: Bool = true
    ) {
        metrics.attempt(bound.carrierKind, .request, status.outcome, now: now)
        metrics.task(command, bound.carrierKind, status.outcome, now: now)
        // A login's answer has a token in it, which must not share a compression context with anything.
        let isCompressible = compressible && Command(rawValue: command)?.isCompressible ?? true
        do throws(SessionSendError) {
            _ = try bound.session.send(
                .response(to: request, status: status, lane: lane, body: body, compressible: isCompressible), now: now)
            touch(bound)
        } catch {
            responseRefused(error, to: request, bound, now)
        }
    }

    private func responseRefused(
        _ error: SessionSendError, to request: LocalID, _ bound: BoundSession, _ now: NIODeadline
    ) {
        switch error {
        case .requestGone, .closed:
            break
        case .tooLarge(let bytes, let limit):
            shared.logger.error("a response was too large", metadata: ["bytes": "\(bytes)", "limit": "\(limit)"])
            let text = ByteBuffer(string: "the answer is too large (\(bytes) bytes)")
            _ = try? bound.session.send(.response(to: request, status: .internal, body: text), now: now)
            touch(bound)
        case .queueFull, .queueBytesFull:
            // The client acknowledges nothing. Losing an answer silently is worse for it than a new session, in which it
            // asks again.
            metrics.shared.shed.child("session_backlog").increment()
            metrics.shared.sessionsExpired.child("backlog").increment()
            end(bound, .sessionClosed, now: now)
        }
    }
}

extension Status {
    /// Whose fault it is when a request did not end well.
    var outcome: Outcome {
        switch self {
        case .ok: .ok
        case .unknownCommand, .badRequest, .unauthenticated, .wrongPassword, .unknownRecipient, .tooLarge, .conflict,
            .resync, .forbidden:
            .refused
        case .overloaded, .unavailable, .internal: .failed
        }
    }
}
