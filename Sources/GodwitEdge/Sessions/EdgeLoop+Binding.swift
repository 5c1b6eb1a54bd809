import GodwitMetrics
import GodwitSession
import GodwitWire
import NIOCore

/// The tie between a carrier and its session, which may live on two loops.
extension EdgeLoop {
    func receive(_ envelope: ByteBuffer, on carrier: DatagramCarrier, now: NIODeadline) {
        receive(envelope, binding: carrier.binding, on: .datagram(carrier), now: now)
    }

    func receive(_ envelope: ByteBuffer, on carrier: StreamCarrier) {
        receive(envelope, binding: carrier.binding, on: .stream(carrier), now: turnTime())
    }

    private func receive(_ envelope: ByteBuffer, binding: CarrierBinding, on carrier: Carrier, now: NIODeadline) {
        switch binding {
        case .local(let bound): receive(envelope, for: bound, now: now)
        case .unopened: open(envelope, on: carrier, now: now)
        case .forwarded(let home): outbox.add(.envelope(envelope, carrier: carrier.id), to: home)
        case .over: break
        }
    }

    /// Messages of other loops.
    func receive(_ message: LoopMessage) {
        let now = turnTime()
        switch message {
        case .datagram(let datagram, let source):
            receive(datagram, from: source)
        case .open(let envelope, let id, let kind):
            open(envelope, on: .remote(id, kind), now: now)
        case .envelope(let envelope, let id):
            // Late envelopes of a carrier that was superseded find nobody.
            if let bound = remoteCarriers[id] { receive(envelope, for: bound, now: now) }
        case .carrierRoom(let id, let room):
            carrierHasRoom(remoteCarriers[id], room)
        case .carrierLost(let id):
            if let bound = remoteCarriers[id] { detach(bound, now: now) }
        case .deliver(let envelope, let number):
            deliver(envelope, toLocal: number, now: now)
        case .deliverDatagram(let datagram, let number):
            if case .datagram(let carrier)? = localCarrier(number) {
                sendUnreliable(datagram, on: carrier, now: now)
            } else if case .stream(let carrier)? = localCarrier(number) {
                _ = carrier.send(datagram.envelope)
            }
        case .closeCarrier(let number, let closure):
            if let carrier = localCarrier(number) { close(carrier, closure, now: now) }
        case .refuse(let reason, let number, let closure):
            if let carrier = localCarrier(number) { refuse(carrier, with: reason, closure, now: now) }
        case .core(let outputs):
            for output in outputs { perform(output, now: now) }
        }
    }

    /// An envelope of a session that lives on another loop.
    private func deliver(_ envelope: SessionEnvelope, toLocal number: UInt64, now: NIODeadline) {
        let room: Urgency?
        switch localCarrier(number) {
        case .datagram(let carrier)?: room = send(envelope, on: carrier, now: now).room
        case .stream(let carrier)?: room = carrier.send(envelope.bytes) ? .media : nil
        case .remote?, nil: return
        }
        guard room != .media, case .forwarded(let home)? = localCarrier(number).map(binding(of:)) else { return }
        outbox.add(.carrierRoom(CarrierID(loop: index, number: number), room), to: home)
    }

    private func localCarrier(_ number: UInt64) -> Carrier? {
        if let carrier = streamCarriers[number] { return .stream(carrier) }
        if let handle = datagramNumbers[number], let carrier = datagramCarriers[handle] { return .datagram(carrier) }
        return nil
    }

    // MARK: Tie and untie

    func setBinding(of carrier: Carrier, _ binding: CarrierBinding) {
        switch carrier {
        case .datagram(let carrier): carrier.binding = binding
        case .stream(let carrier): carrier.binding = binding
        case .remote(let id, _):
            if case .local(let bound) = binding { remoteCarriers[id] = bound }
        }
    }

    private func binding(of carrier: Carrier) -> CarrierBinding {
        switch carrier {
        case .datagram(let carrier): carrier.binding
        case .stream(let carrier): carrier.binding
        case .remote: .over
        }
    }

    /// The carrier is over: its session, wherever it lives, waits for another one.
    func unbind(_ carrier: Carrier, now: NIODeadline) {
        let old = binding(of: carrier)
        setBinding(of: carrier, .over)
        switch old {
        case .local(let bound): if bound.carrier?.id == carrier.id { detach(bound, now: now) }
        case .forwarded(let home): outbox.add(.carrierLost(carrier.id), to: home)
        case .unopened, .over: break
        }
    }

    /// The session has lost its carrier.
    private func detach(_ bound: BoundSession, now: NIODeadline) {
        part(bound)
        bound.session.carrierDetached(now: now)
        touch(bound)
    }

    /// Takes the carrier from the session, which is about to get another one or to end.
    func part(_ bound: BoundSession) {
        if case .remote(let id, _)? = bound.carrier { remoteCarriers[id] = nil }
        bound.carrier = nil
    }

    private func carrierHasRoom(_ bound: BoundSession?, _ room: Urgency?) {
        guard let bound else { return }
        bound.room = room
        touch(bound)
    }

    /// A carrier of this loop takes more, or less, than it did.
    func carrierHasRoom(_ binding: CarrierBinding, _ id: CarrierID, _ room: Urgency?) {
        switch binding {
        case .local(let bound): carrierHasRoom(bound, room)
        case .forwarded(let home): outbox.add(.carrierRoom(id, room), to: home)
        case .unopened, .over: break
        }
    }

    // MARK: Close

    /// Closes a carrier and lets its session wait for another one.
    func close(_ carrier: Carrier, _ closure: CarrierClosure, now: NIODeadline) {
        switch carrier {
        case .datagram(let carrier): close(carrier, closure, now: now)
        case .stream(let carrier): close(carrier, closure)
        case .remote(let id, _):
            if let bound = remoteCarriers[id] { detach(bound, now: now) }
            shut(carrier, closure, now: now)
        }
    }

    /// Closes a carrier that has been parted from its session.
    func shut(_ carrier: Carrier, _ closure: CarrierClosure, now: NIODeadline) {
        switch carrier {
        case .datagram(let carrier): shut(carrier, closure, now: now)
        case .stream(let carrier): shut(carrier, closure, tellPeer: true)
        case .remote(let id, _): outbox.add(.closeCarrier(id.number, closure), to: id.loop)
        }
    }

    // MARK: Counting

    func handshakeEnded(_ carrier: CarrierKind, _ outcome: Outcome, now: NIODeadline) {
        metrics.attempt(carrier, .connect, outcome, now: now)
        metrics.shared.handshakes.child(carrier.name, outcome.name).increment()
    }
}
