import GodwitSession
import GodwitTLS
import GodwitTransport
import GodwitWire
import Logging
import NIOCore

/// Joins the plan, the session, the carriers and the waiting requests on one event loop. It decides nothing about the
/// protocol: it carries events from one to the other and performs the plan's actions.
final class ClientCore {
    /// A session that hears nothing for this long asks whether the path lives; below the shortest common NAT binding.
    static let heartbeat: TimeAmount = .seconds(15)

    let configuration: ClientConfiguration
    let eventLoop: any EventLoop
    let tls: TLSContext
    let random: RandomSource
    let log: Logger
    private let onEvent: (ClientEvent) -> Void

    var plan: ConnectPlan
    private var session: Session
    private var ticket: SessionTicket?
    var carriers: [AttemptID: LiveCarrier] = [:]
    private var attached: AttemptID?
    private var pending: PendingRequests
    private var ledger: FailureLedger
    private var saved: SavedClientState
    private let addresses: AddressBook
    private var watch: NetworkWatch?
    private var timer: LoopTimer?
    private var isPumping = false
    private var isStopped = false
    private var state = ConnectionStatus.State.disconnected
    private var outstandingSince: NIODeadline?
    private var pingSentAt: NIODeadline?
    private var nextPing: UInt16 = 0

    init(
        configuration: ClientConfiguration, tls: TLSContext, eventLoop: any EventLoop,
        random: RandomSource = .system, onEvent: @escaping (ClientEvent) -> Void
    ) {
        self.configuration = configuration
        self.tls = tls
        self.eventLoop = eventLoop
        self.random = random
        self.onEvent = onEvent
        log = configuration.logger
        var rules = ConnectPlan.Configuration()
        rules.preference = configuration.carriers
        rules.streamJoinDelay = configuration.streamJoinDelay
        rules.attemptTimeout = configuration.attemptTimeout
        plan = ConnectPlan(configuration: rules, random: random)
        saved = configuration.savedState
        ticket = saved.ticket.flatMap(SessionTicket.init(saved:))
        ledger = saved.failures.map(FailureLedger.init(decoding:)) ?? FailureLedger()
        pending = PendingRequests(limit: configuration.maximumPendingRequests)
        addresses = AddressBook(server: configuration.server, eventLoop: eventLoop)
        session = Session.client(
            configuration: SessionConfiguration(), ticket: ticket, incarnation: random.next())
    }

    // MARK: Life

    func start() {
        guard !isStopped, timer == nil else { return }
        timer = LoopTimer(eventLoop: eventLoop) { [weak self] in self?.timeoutIsDue() }
        watch = NetworkWatch(eventLoop: eventLoop) { [weak self] in self?.networkChanged() }
        watch?.start()
        perform(plan.start(now: .now()))
        pump()
    }

    func stop() {
        guard !isStopped else { return }
        // The last acknowledgements and requests still go out.
        pump()
        isStopped = true
        timer?.cancel()
        watch?.close()
        perform(plan.stop())
        saveFailures()
        for (_, waiting) in pending.removeAll() { waiting.completion(.failure(.closed)) }
    }

    func networkChanged() {
        guard !isStopped else { return }
        log.debug("the network changed")
        perform(plan.networkChanged(now: .now()))
        pump()
    }

    func status() -> ConnectionStatus {
        var status = ConnectionStatus(state: state)
        if let attached, let carrier = carriers[attached], state == .connected || state == .resumed {
            let figures = carrier.figures
            status.carrier = carrier.name
            status.roundTrip = figures.roundTrip
            status.lossRate = figures.lossRate
            status.isSuspect = plan.suspected
        }
        return status
    }

    // MARK: Requests

    func send(_ request: ClientRequest, completion: @escaping PendingRequests.Completion) {
        guard !isStopped else { return completion(.failure(.closed)) }
        guard !pending.isFull else { return completion(.failure(.queueFull)) }
        let now = NIODeadline.now()
        enqueue(
            PendingRequests.Pending(
                request: request, deadline: request.timeout.map { now + $0 } ?? .distantFuture, completion: completion),
            now: now)
        pump()
    }

    private func enqueue(_ waiting: PendingRequests.Pending, now: NIODeadline) {
        let request = waiting.request
        let message = OutgoingMessage(
            kind: .request(command: request.command), lane: request.lane, body: request.body,
            compressible: Command(rawValue: request.command)?.isCompressible ?? true)
        do {
            let id = try session.send(message, now: now)
            pending.insert(waiting, sequence: id.rawValue)
        } catch .tooLarge(let bytes, let limit) {
            waiting.completion(.failure(.tooLarge(bytes: bytes, limit: limit)))
        } catch {
            waiting.completion(.failure(.queueFull))
        }
    }

    // MARK: The loop

    /// Lets everything that can move, move. Called after every event.
    func pump() {
        guard !isPumping, !isStopped else { return }
        isPumping = true
        defer { isPumping = false }
        let now = NIODeadline.now()
        while let event = session.pollEvent() { handle(event, now: now) }
        transmit(now: now)
        // Sending may have failed the carrier, and that may have produced events.
        while let event = session.pollEvent() { handle(event, now: now) }
        observe(now: now)
        scheduleTimer(now: now)
    }

    private func transmit(now: NIODeadline) {
        guard let attached, let carrier = carriers[attached] else { return }
        while carrier.canSend, self.attached == attached, let envelope = session.pollTransmit(now: now) {
            carrier.send(envelope)
        }
        carrier.flush()
    }

    private func timeoutIsDue() {
        guard !isStopped else { return }
        let now = NIODeadline.now()
        session.handleTimeout(now: now)
        for (id, expired) in pending.expire(now: now) {
            session.forget(LocalID(rawValue: id))
            expire(expired)
        }
        heartbeatIfDue(now: now)
        observe(now: now)
        perform(plan.handleTimeout(now: now))
        pump()
    }

    private func expire(_ waiting: PendingRequests.Pending) {
        if !waiting.isAcknowledged {
            let carrier = plan.attached?.carrier ?? (configuration.carriers == .stream ? .stream : .datagram)
            ledger.recordTask(carrier, wallMilliseconds: WallClock.milliseconds())
            saveFailures()
        }
        let timeout = waiting.request.timeout?.nanoseconds ?? 0
        waiting.completion(.failure(.timedOut(milliseconds: timeout / 1_000_000)))
    }

    private func scheduleTimer(now: NIODeadline) {
        let deadlines = [plan.pollTimeout(), session.pollTimeout(), pending.nextDeadline(), heartbeatDue]
        timer?.set(deadlines.compactMap(\.self).min())
    }

    // MARK: Silence

    /// Tells the plan how the attached carrier fares.
    private func observe(now: NIODeadline) {
        let hasOutstanding = session.unacknowledgedCount > 0
        if !hasOutstanding {
            outstandingSince = nil
        } else if outstandingSince == nil {
            outstandingSince = now
        }
        let figures = attached.flatMap { carriers[$0]?.figures }
        if let sent = pingSentAt, let heard = figures?.lastHeardAt, heard >= sent { pingSentAt = nil }
        let since = [outstandingSince, pingSentAt].compactMap(\.self).min()
        let traffic = ConnectPlan.Traffic(
            outstandingSince: since, lastHeardAt: figures?.lastHeardAt, roundTrip: figures?.roundTrip)
        perform(plan.observe(traffic, hasWork: hasOutstanding || pending.count > 0, now: now))
    }

    private var heartbeatDue: NIODeadline? {
        guard pingSentAt == nil, session.isOpen, let attached, let heard = carriers[attached]?.figures.lastHeardAt
        else { return nil }
        return heard + Self.heartbeat
    }

    private func heartbeatIfDue(now: NIODeadline) {
        guard let due = heartbeatDue, due <= now else { return }
        pingSentAt = now
        session.ping(now: now)
    }

    // MARK: What the session says

    private func handle(_ event: SessionEvent, now: NIODeadline) {
        switch event {
        case .opened(let resumption, let newTicket):
            opened(resumption, ticket: newTicket, now: now)
        case .message(let message):
            deliver(message)
        case .acknowledged(let id):
            pending.acknowledge(id.rawValue)
        case .abandoned(let id, let reason):
            guard let waiting = pending.take(id.rawValue) else { return }
            if reason == .sessionReplaced, waiting.request.replay == .resend {
                enqueue(waiting, now: now)
            } else {
                waiting.completion(.failure(reason == .sessionReplaced ? .sessionReplaced : .queueFull))
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

    private func deliver(_ message: IncomingMessage) {
        switch message.kind {
        case .response(let request, let status):
            pending.take(request.rawValue)?.completion(.success(Response(status: status, body: message.body)))
        case .push(let command):
            emit(.push(command: command, body: message.body))
        case .request:
            // Servers do not ask clients anything yet; the session's acknowledgement is all they get.
            log.notice("a request from the server is not understood")
        }
    }

    private func opened(_ resumption: Resumption, ticket newTicket: SessionTicket, now: NIODeadline) {
        guard let attached else { return }
        if ticket != newTicket {
            ticket = newTicket
            saved.ticket = newTicket.saved
            emit(.save(saved))
        }
        state = resumption == .new ? .connected : .resumed
        perform(plan.opened(attached, now: now))
        emit(.opened(SessionStart(resumption)))
        var opened = status()
        opened.start = SessionStart(resumption)
        emit(.status(opened))
        reportFailures()
    }

    /// The server ended the session for good: start over, with the requests that may be repeated.
    private func beginNewSession(now: NIODeadline) {
        let waiting = pending.removeAll()
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
        if let attached { drop(attached, .lost, reason: "the server ended the session") }
    }

    // MARK: Failures that the server did not see

    private func reportFailures() {
        guard !ledger.isEmpty else { return }
        let told = ledger
        ledger = FailureLedger()
        var body = ByteBuffer()
        told.report(wallMilliseconds: WallClock.milliseconds()).encode(into: &body)
        let request = ClientRequest(
            command: Command.report.rawValue, body: body, timeout: configuration.requestTimeout, replay: .fail)
        let loop = NIOLoopBound(self, eventLoop: eventLoop)
        send(request) { result in
            // A refusal is an answer: telling the same again would not help.
            if case .failure = result { loop.value.ledger.merge(told) }
            loop.value.saveFailures()
        }
    }

    private func saveFailures() {
        let encoded = ledger.encoded(wallMilliseconds: WallClock.milliseconds())
        guard encoded != saved.failures else { return }
        saved.failures = encoded
        emit(.save(saved))
    }

    // MARK: The plan's actions

    private func perform(_ actions: [ConnectPlan.Action]) {
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

    private func report(_ new: ConnectPlan.Status) {
        switch new {
        case .connecting: state = .connecting
        case .disconnected: state = .disconnected
        // Reported with the session's opening, which knows whether it was resumed.
        case .connected: return
        }
        emit(.status(status()))
    }

    private func startCarrier(_ id: AttemptID, _ kind: CarrierKind) {
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

    private func connect(_ id: AttemptID, _ kind: CarrierKind, to address: SocketAddress) throws {
        switch kind {
        case .datagram:
            var transport = TransportConfiguration.client
            // The session's heartbeat does this, for every carrier alike.
            transport.keepAliveInterval = nil
            transport.handshakeTimeout = configuration.attemptTimeout
            let carrier = try DatagramCarrier(
                id: id, remote: address, configuration: transport, tls: tls, random: random, eventLoop: eventLoop,
                owner: self)
            carriers[id] = .datagram(carrier)
            carrier.start()
        case .stream, .websocket, .http:
            let carrier = try StreamCarrier(
                id: id, remote: address, connectTimeout: configuration.attemptTimeout, tls: tls, eventLoop: eventLoop,
                owner: self)
            carriers[id] = .stream(carrier)
            carrier.start()
        }
    }

    private func attach(_ id: AttemptID) {
        let now = NIODeadline.now()
        if attached != nil { session.carrierDetached(now: now) }
        attached = id
        pingSentAt = nil
        session.carrierAttached(now: now)
    }

    private func cancel(_ id: AttemptID) {
        detach(id)
        carriers.removeValue(forKey: id)?.close()
    }

    private func detach(_ id: AttemptID) {
        guard attached == id else { return }
        attached = nil
        pingSentAt = nil
        session.carrierDetached(now: .now())
    }

    /// Closes a carrier that still works as such, and tells the plan.
    private func drop(_ id: AttemptID, _ failure: AttemptFailure, reason: String) {
        carriers[id]?.close()
        carrier(id, failed: failure, reason: reason)
    }

    private func emit(_ event: ClientEvent) { onEvent(event) }
}

extension ClientCore: CarrierOwner {
    func carrierProgressed(_ id: AttemptID) { plan.progressed(id, now: .now()) }

    func carrierEstablished(_ id: AttemptID) {
        perform(plan.established(id, now: .now()))
        pump()
    }

    func carrier(_ id: AttemptID, received envelope: ByteBuffer) {
        // A carrier in reserve has nothing to say; one that lost its session may still be draining.
        guard id == attached else { return }
        do {
            try session.receive(envelope, now: .now())
        } catch {
            drop(id, .protocolViolation, reason: "\(error)")
        }
    }

    func carrierBecameReady(_ id: AttemptID) {
        if id == attached { pump() }
    }

    func carrier(_ id: AttemptID, failed failure: AttemptFailure, reason: String) {
        log.info(
            "a carrier failed", metadata: ["id": "\(id.rawValue)", "failure": "\(failure)", "reason": "\(reason)"])
        detach(id)
        carriers[id] = nil
        if failure == .pinMismatch { emit(.problem(.untrustedServer(reason))) }
        perform(plan.failed(id, failure, now: .now()))
        pump()
    }
}

extension LiveCarrier {
    var name: Carrier {
        switch self {
        case .datagram: .datagram
        case .stream: .stream
        }
    }
}

extension SessionStart {
    init(_ resumption: Resumption) {
        self =
            switch resumption {
            case .new: .new
            case .resumed: .resumed
            case .restarted: .restarted
            }
    }
}

extension SessionTicket {
    init?(saved bytes: [UInt8]) {
        guard bytes.count == Self.encodedBytes else { return nil }
        var buffer = ByteBuffer(bytes: bytes)
        guard let ticket = try? SessionTicket(decoding: &buffer) else { return nil }
        self = ticket
    }

    var saved: [UInt8] {
        var buffer = ByteBuffer()
        encode(into: &buffer)
        return Array(buffer.readableBytesView)
    }
}
