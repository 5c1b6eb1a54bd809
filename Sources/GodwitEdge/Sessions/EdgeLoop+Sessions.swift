import GodwitMetrics
import GodwitSession
import GodwitWire
import IMService
import Logging
import NIOCore

/// The sessions whose home this loop is: what carriers bring them, and what they have for their carriers.
extension EdgeLoop {
    /// The first envelope of a carrier must open a session, here or on the loop that its ticket names.
    func open(_ envelope: ByteBuffer, on carrier: Carrier, now: NIODeadline) {
        guard !isStopping else {
            close(carrier, .goingAway, now: now)
            return
        }
        do throws(SessionError) {
            switch try sessions.open(envelope, now: now) {
            case .opened(let opened):
                bind(opened, to: carrier, now: now)
            case .home(let home):
                guard case .remote = carrier else {
                    setBinding(of: carrier, .forwarded(home))
                    outbox.add(.open(envelope, carrier: carrier.id, kind: carrier.kind), to: home)
                    return
                }
                // It was sent here because the ticket names this loop: a loop would answer itself for ever.
                close(carrier, .session(.unexpected(envelope: "OPEN")), now: now)
            }
        } catch {
            refuse(carrier, error, now: now)
        }
    }

    private func bind(_ opened: OpenedSession, to carrier: Carrier, now: NIODeadline) {
        if let evicted = opened.evicted {
            metrics.shared.sessionsExpired.child("evicted").increment()
            if let bound = boundSessions[evicted] { end(bound, .sessionClosed, now: now) }
        }
        let bound =
            boundSessions[opened.id]
            ?? BoundSession(id: opened.id, session: opened.session, carrierKind: carrier.kind)
        boundSessions[opened.id] = bound
        if opened.resumption == .new { logOut(bound) }
        if opened.resumption != .resumed { dropTunnels(of: bound, .sessionLost) }
        // Parted first: what is heard of the old carrier from now on must not reach the session.
        if let old = bound.carrier {
            part(bound)
            shut(old, .superseded, now: now)
        }
        bound.carrier = carrier
        bound.carrierKind = carrier.kind
        bound.room = .media
        setBinding(of: carrier, .local(bound))
        metrics.shared.sessionsOpened.child(opened.resumption.rawValue).increment()
        metrics.attempt(carrier.kind, .session, .ok, now: now)
        touch(bound)
    }

    private func refuse(_ carrier: Carrier, _ error: SessionError, now: NIODeadline) {
        metrics.attempt(carrier.kind, .session, error.isOverload ? .failed : .refused, now: now)
        if error.isOverload { metrics.shared.shed.child("session_limit").increment() }
        shared.logger.debug("session refused", metadata: ["reason": "\(error)"])
        refuse(
            carrier, with: error.rejection(retryAfter: error.isOverload ? Self.overloadRetryDelay : .zero),
            .session(error), now: now)
    }

    /// What clients that found no room are told to wait.
    private static let overloadRetryDelay = TimeAmount.seconds(5)

    /// Sends the reason, and closes the carrier once the client has it.
    func refuse(_ carrier: Carrier, with reason: ByteBuffer, _ closure: CarrierClosure, now: NIODeadline) {
        setBinding(of: carrier, .over)
        switch carrier {
        case .datagram(let carrier):
            _ = send(SessionEnvelope(reason), on: carrier, now: now)
            carrier.closesWhenHeard = closure
        case .stream(let carrier):
            _ = carrier.send(reason)
            shut(carrier, closure, tellPeer: true)
        case .remote(let id, _):
            outbox.add(.refuse(reason, carrier: id.number, closure), to: id.loop)
        }
    }

    /// An envelope for a session of this loop.
    func receive(_ envelope: ByteBuffer, for bound: BoundSession, now: NIODeadline) {
        do throws(SessionError) {
            try bound.session.receive(envelope, now: now)
        } catch {
            shared.logger.debug("envelope refused", metadata: ["reason": "\(error)"])
            metrics.shared.shed.child("bad_envelope").increment()
            if let carrier = bound.carrier { close(carrier, .session(error), now: now) }
        }
        touch(bound)
    }

    /// Does what a session has to tell, and sends what it has to send.
    func pump(_ bound: BoundSession, now: NIODeadline) {
        while let event = bound.session.pollEvent() {
            switch event {
            case .message(let message):
                dispatch(message, of: bound, now: now)
            case .datagram(let command, let body):
                dispatchDatagram(command, body, of: bound, now: now)
            case .acknowledged:
                metrics.acknowledged.add()
            case .closed:
                end(bound, .sessionClosed, now: now)
                return
            case .opened, .abandoned, .pong, .rejected:
                break
            }
        }
        sendTunnelFrames(of: bound, now: now)
        deliverDatagrams(of: bound, now: now)
        giveUpEnvelopes(of: bound)
        while let room = bound.room, let carrier = bound.carrier,
            let envelope = bound.session.pollEnvelope(downTo: room, now: now)
        {
            bound.room = deliver(envelope, of: bound, on: carrier, now: now)
        }
        let sentAgain = bound.session.statistics.messagesSentAgain
        if sentAgain != bound.countedSentAgain {
            metrics.redelivered.add(sentAgain - bound.countedSentAgain)
            bound.countedSentAgain = sentAgain
        }
        arm(bound)
    }

    /// - Returns: the least urgent envelopes that the carrier takes from now on; nil = none.
    private func deliver(
        _ envelope: SessionEnvelope, of bound: BoundSession, on carrier: Carrier, now: NIODeadline
    ) -> Urgency? {
        switch carrier {
        case .datagram(let carrier):
            let taken = send(envelope, on: carrier, now: now)
            if let name = taken.name { bound.session.carrierTook(envelope, as: name) }
            return taken.room
        case .stream(let carrier):
            return carrier.send(envelope.bytes) ? .media : nil
        case .remote(let id, _):
            outbox.add(.deliver(envelope, carrier: id.number), to: id.loop)
            return bound.room
        }
    }

    /// What need not arrive any more is not sent on by a connection of this loop. Another loop's learns its end only by deadlines.
    private func giveUpEnvelopes(of bound: BoundSession) {
        while let name = bound.session.pollGivenUp() {
            if case .datagram(let carrier)? = bound.carrier { giveUp(name, on: carrier) }
        }
    }

    /// Forgets a session for good.
    func end(_ bound: BoundSession, _ closure: CarrierClosure, now: NIODeadline) {
        if let carrier = bound.carrier {
            part(bound)
            shut(carrier, closure, now: now)
        }
        logOut(bound)
        dropTunnels(of: bound, .sessionLost)
        boundSessions[bound.id] = nil
        sessions.remove(bound.id)
    }

    /// The core has nobody to notify here any more.
    private func logOut(_ bound: BoundSession) {
        guard let principal = bound.principal else { return }
        bound.principal = nil
        shared.upstreams.core?.detach(bound.address, principal: principal)
    }

    /// Forgets the sessions whose clients stayed away for too long.
    func expireSessions(now: NIODeadline) {
        for id in sessions.expire(now: now) {
            metrics.shared.sessionsExpired.child("idle").increment()
            if let bound = boundSessions[id] { end(bound, .sessionClosed, now: now) }
        }
    }
}

extension SessionError {
    /// The server's want of room, not the client's doing.
    var isOverload: Bool {
        if case .tableFull = self { true } else { false }
    }
}
