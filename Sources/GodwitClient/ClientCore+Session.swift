import GodwitSession
import GodwitWire
import Logging
import NIOCore

/// What the session says, and to whom it goes.
extension ClientCore {
    func handle(_ event: SessionEvent, now: NIODeadline) {
        switch event {
        case .opened(let resumption, let newTicket):
            opened(resumption, ticket: newTicket, now: now)
        case .message(let message):
            deliver(message)
        case .datagram(let command, let body):
            emit(.datagram(command: command, body: body))
        case .acknowledged(let id):
            pending.acknowledge(id.rawValue)
        case .abandoned(let id, let reason):
            guard let waiting = pending.take(id.rawValue) else { return }
            switch reason {
            case .sessionReplaced where waiting.request.replay == .resend: enqueue(waiting, now: now)
            case .sessionReplaced: waiting.completion(.failure(.sessionReplaced))
            case .tooManyUnanswered: waiting.completion(.failure(.queueFull))
            case .late:
                let limit = waiting.request.deadline?.nanoseconds ?? 0
                waiting.completion(.failure(.late(milliseconds: limit / 1_000_000)))
            }
        case .pong:
            pingSentAt = nil
        case .rejected(let reason, let retryAfter, let text):
            emit(.problem(.refused(text.isEmpty ? "\(reason)" : text)))
            plan.holdOff(until: now + retryAfter)
            if let attached { drop(attached, .rejected, reason: "the server refused the session: \(text)") }
        case .closed(let code, let text):
            log.info("the server ended the session", metadata: ["code": "\(code)", "reason": "\(text)"])
            beginNewSession(now: now)
        }
    }

    func deliver(_ message: IncomingMessage) {
        switch message.kind {
        case .response(let request, let status):
            pending.take(request.rawValue)?.completion(.success(Response(status: status, body: message.body)))
        case .push(Command.tunnel.rawValue):
            tunnels?.receive(message.body)
        case .push(let command):
            emit(.push(command: command, body: message.body))
        case .request:
            // Servers do not ask clients anything yet; the session's acknowledgement is all they get.
            log.notice("a request from the server is not understood")
        }
    }

    func opened(_ resumption: Resumption, ticket newTicket: SessionTicket, now: NIODeadline) {
        guard let attached else { return }
        if ticket != newTicket {
            ticket = newTicket
            saved.ticket = newTicket.saved
            emit(.save(saved))
        }
        if resumption != .resumed { tunnels?.sessionLost() }
        state = resumption == .new ? .connected : .resumed
        let connectingSince = plan.outageSince
        perform(plan.opened(attached, now: now))
        // A stream's tickets come before it opens.
        if memory.datagramIsUnheard != plan.datagramIsUnheard { saveServer() }
        emit(.opened(SessionStart(resumption)))
        var opened = status()
        opened.start = SessionStart(resumption)
        opened.connectTime = connectingSince.map { now - $0 }
        emit(.status(opened))
        reportIfDue(now: now)
    }

    /// The server ended the session for good: start over, with the requests that may be repeated.
    func beginNewSession(now: NIODeadline) {
        forgetSession(now: now)
        if let attached { drop(attached, .lost, reason: "the server ended the session") }
    }

    /// Nothing of the session is used again. The requests that may be repeated wait for the next one.
    func forgetSession(now: NIODeadline) {
        let waiting = pending.removeAll()
        tunnels?.sessionLost()
        ticket = nil
        saved.ticket = nil
        emit(.save(saved))
        session = Session.client(
            configuration: SessionConfiguration(), ticket: nil, incarnation: random.next())
        for (_, request) in waiting {
            if request.request.replay == .resend {
                enqueue(request, now: now)
            } else {
                request.completion(.failure(.sessionReplaced))
            }
        }
    }
}
