import GodwitSession
import GodwitTransport
import GodwitWire
import Logging
import NIOCore

/// What the plan wants done with carriers.
extension ClientCore {
    func perform(_ actions: [ConnectPlan.Action]) {
        for action in actions {
            switch action {
            case .start(let id, let kind): startCarrier(id, kind)
            case .attach(let id): attach(id)
            case .cancel(let id): cancel(id)
            case .rebind(let id):
                if case .datagram(let carrier) = carriers[id] { carrier.rebind() }
            case .failed(let kind, let phase, let failure):
                ledger.recordAttempt(
                    kind, phase: phase, failure: failure, wallMilliseconds: WallClock.milliseconds())
                saveFailures()
            case .status(let status): report(status)
            }
        }
    }

    func report(_ new: ConnectPlan.Status) {
        switch new {
        case .connecting: state = .connecting
        case .disconnected: state = .disconnected
        // Reported with the session's opening, which knows whether it was resumed.
        case .connected: return
        }
        emit(.status(status()))
    }

    func startCarrier(_ id: AttemptID, _ kind: CarrierKind) {
        log.debug("attempt", metadata: ["id": "\(id.rawValue)", "carrier": "\(kind.name)"])
        addresses.next(for: kind) { [weak self] address in
            guard let self, !self.isStopped, self.plan.isWanted(id) else { return }
            guard let address else {
                self.emit(.problem(.nameNotResolved(self.configuration.server.host)))
                // Not from within the plan's own actions.
                let loop = NIOLoopBound(self, eventLoop: self.eventLoop)
                self.eventLoop.execute {
                    loop.value.carrier(id, failed: .nameNotResolved, reason: "the name has no address")
                }
                return
            }
            do {
                try self.connect(id, kind, to: address)
            } catch {
                let (loop, reason) = (NIOLoopBound(self, eventLoop: self.eventLoop), "\(error)")
                self.eventLoop.execute { loop.value.carrier(id, failed: .tls, reason: reason) }
            }
        }
    }

    func connect(_ id: AttemptID, _ kind: CarrierKind, to address: SocketAddress) throws {
        let ticket = memory.takeTicket()
        ticketsInUse[id] = ticket
        let resumption = ticket?.resumption(wallMilliseconds: WallClock.milliseconds())
        switch kind {
        case .datagram:
            var transport = TransportConfiguration.client
            transport.handshakeTimeout = configuration.attemptTimeout
            if plan.hasCarrier { transport.firstFlightInterval = plan.configuration.sparseFlightInterval }
            transport.discoversMTU = DatagramSocketOptions.canDiscoverMTU
            let carrier = try DatagramCarrier(
                id: id, remote: address, configuration: transport, tls: tls, resumption: resumption,
                memory: memory.path, random: random, eventLoop: eventLoop, owner: self)
            carrier.limitSilence(to: activity.datagramSilence)
            carriers[id] = .datagram(carrier)
            carrier.start()
        case .stream, .websocket, .http:
            let carrier = try StreamCarrier(
                id: id, remote: address, connectTimeout: configuration.attemptTimeout, tls: tls,
                resumption: resumption, eventLoop: eventLoop, owner: self)
            carriers[id] = .stream(carrier)
            carrier.start()
        }
    }

    func attach(_ id: AttemptID) {
        let now = NIODeadline.now()
        if attached != nil { session.carrierDetached(now: now) }
        attached = id
        pingSentAt = nil
        session.carrierAttached(now: now)
    }

    func cancel(_ id: AttemptID) {
        remember(id)
        detach(id)
        carriers.removeValue(forKey: id)?.close()
    }

    /// Before a carrier goes: what the next one can use of it.
    func remember(_ id: AttemptID) {
        if let unused = ticketsInUse.removeValue(forKey: id) { memory.giveBack(unused) }
        if let path = carriers[id]?.pathMemory { memory.keep(path) }
    }

    func detach(_ id: AttemptID) {
        guard attached == id else { return }
        attached = nil
        pingSentAt = nil
        session.carrierDetached(now: .now())
    }

    /// Closes a carrier that still works as such, and tells the plan.
    func drop(_ id: AttemptID, _ failure: AttemptFailure, reason: String) {
        carriers[id]?.close()
        carrier(id, failed: failure, reason: reason)
    }

    func emit(_ event: ClientEvent) { onEvent(event) }
}
