import GodwitSession
import GodwitTLS
import GodwitTunnel
import GodwitWire
import Logging
import NIOCore

/// Joins the plan, the session, the carriers and the waiting requests on one event loop. It decides nothing about the
/// protocol: it carries events from one to the other and performs the plan's actions.
final class ClientCore {
    let configuration: ClientConfiguration
    let eventLoop: any EventLoop
    let tls: TLSContext
    let random: RandomSource
    let log: Logger
    let onEvent: (ClientEvent) -> Void

    var plan: ConnectPlan
    var session: Session
    var ticket: SessionTicket?
    var carriers: [AttemptID: LiveCarrier] = [:]
    var attached: AttemptID?
    var pending: PendingRequests
    var ledger: FailureLedger
    var reportedAt: NIODeadline?
    var isReporting = false
    var saved: SavedClientState
    var memory: ServerMemory
    /// Of attempts that have not heard the server yet.
    var ticketsInUse: [AttemptID: TicketInUse] = [:]
    let addresses: AddressBook
    var tunnels: TunnelClient?
    var watch: NetworkWatch?
    var timer: LoopTimer?
    var isPumping = false
    var isStopped = false
    var state = ConnectionStatus.State.disconnected
    var outstandingSince: NIODeadline?
    var pingSentAt: NIODeadline?
    var nextPing: UInt16 = 0
    var activity: ClientActivity

    init(
        configuration: ClientConfiguration, tls: TLSContext, eventLoop: any EventLoop,
        random: RandomSource = .system, onEvent: @escaping (ClientEvent) -> Void
    ) {
        self.configuration = configuration
        self.tls = tls
        self.eventLoop = eventLoop
        self.random = random
        self.onEvent = onEvent
        activity = configuration.activity
        log = configuration.logger
        var rules = ConnectPlan.Configuration()
        rules.preference = configuration.carriers
        rules.streamJoinDelay = configuration.streamJoinDelay
        rules.attemptTimeout = configuration.attemptTimeout
        saved = configuration.savedState
        ticket = saved.ticket.flatMap(SessionTicket.init(saved:))
        memory = saved.server.flatMap(ServerMemory.init(saved:)) ?? ServerMemory()
        plan = ConnectPlan(configuration: rules, random: random, datagramIsUnheard: memory.datagramIsUnheard)
        ledger = saved.failures.map(FailureLedger.init(decoding:)) ?? FailureLedger()
        pending = PendingRequests(limit: configuration.maximumPendingRequests)
        addresses = AddressBook(server: configuration.server, eventLoop: eventLoop)
        session = Session.client(
            configuration: SessionConfiguration(), ticket: ticket, incarnation: random.next())
        // Requests may come, and become late, before there is a connection.
        timer = LoopTimer(eventLoop: eventLoop) { [weak self] in self?.timeoutIsDue() }
    }

    // MARK: Life

    func start() {
        guard !isStopped else { return }
        if watch == nil {
            watch = NetworkWatch(eventLoop: eventLoop) { [weak self] in self?.networkChanged() }
            watch?.start()
        }
        perform(plan.start(now: .now()))
        pump()
    }

    /// Leaves the server until `start`; requests wait meanwhile.
    func disconnect(forgetting: Bool) {
        guard !isStopped else { return }
        // The last acknowledgements and requests still go out.
        pump()
        perform(plan.stop())
        if forgetting {
            plan.forgetPath()
            forgetServer()
            forgetSession(now: .now())
        }
        pump()
    }

    /// What was learned of the server and of the way to it outlives the process.
    func saveServer() {
        memory.datagramIsUnheard = plan.datagramIsUnheard
        saved.server = memory.saved
        emit(.save(saved))
    }

    /// The next connection begins as the first one did.
    private func forgetServer() {
        memory = ServerMemory()
        saved.server = nil
        emit(.save(saved))
    }

    func stop() {
        guard !isStopped else { return }
        tunnels?.stop()
        if let attached { remember(attached) }
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
        memory.networkChanged()
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
            status.silence = figures.silence
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
                request: request, deadline: request.timeout.map { now + $0 } ?? .distantFuture,
                lateAt: request.deadline.map { now + $0 } ?? .distantFuture, completion: completion),
            now: now)
        pump()
    }

    func enqueue(_ waiting: PendingRequests.Pending, now: NIODeadline) {
        let request = waiting.request
        let message = OutgoingMessage(
            kind: .request(command: request.command), lane: request.lane, body: request.body,
            compressible: Command(rawValue: request.command)?.isCompressible ?? true, early: Self.earlyUse(of: request),
            urgency: request.urgency.map { Urgency($0) }, deadline: waiting.lateAt)
        do {
            let id = try session.send(message, now: now)
            pending.insert(waiting, sequence: id.rawValue)
        } catch .tooLarge(let bytes, let limit) {
            waiting.completion(.failure(.tooLarge(bytes: bytes, limit: limit)))
        } catch {
            waiting.completion(.failure(.queueFull))
        }
    }

    /// The edge's own commands need no login, so any session will do; the others must meet the one that knows who asks.
    private static func earlyUse(of request: ClientRequest) -> EarlyUse {
        guard request.replay == .resend, let command = Command(rawValue: request.command), command.isReplaySafe else {
            return .never
        }
        return command.commandClass == .system ? .always : .inKnownSession
    }

    /// Nothing more is sent of the request, and its answer is dropped. Nothing happens if it has been answered.
    func cancel(named name: UInt64) {
        guard let sequence = pending.sequence(named: name), let waiting = pending.take(sequence) else { return }
        session.cancel(LocalID(rawValue: sequence))
        waiting.completion(.failure(.cancelled))
        pump()
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

    func transmit(now: NIODeadline) {
        takeTunnelMessages(now: now)
        guard let attached, let carrier = carriers[attached] else { return }
        transmitDatagrams(on: carrier, now: now)
        while let name = session.pollGivenUp() { carrier.giveUp(name) }
        while self.attached == attached, let room = carrier.room,
            let envelope = session.pollEnvelope(downTo: room, now: now)
        {
            if let name = carrier.send(envelope) { session.carrierTook(envelope, as: name) }
        }
        carrier.flush()
    }

    /// Gives the session what tunnels have for it, as far as it has room.
    private func takeTunnelMessages(now: NIODeadline) {
        guard let tunnels else { return }
        func backlog() -> TunnelTable.Backlog {
            TunnelTable.Backlog(messages: session.unacknowledgedCount, bytes: session.unacknowledgedBytes)
        }
        while let message = tunnels.nextMessage(backlog: backlog(), now: now) {
            do {
                try session.send(message, now: now)
            } catch {
                // Other requests have filled the queue up to its last byte. A stream with a gap is of no use.
                log.error("a tunnel's bytes found no room", metadata: ["reason": "\(error)"])
                tunnels.sessionLost()
                return
            }
        }
    }

    func timeoutIsDue() {
        guard !isStopped else { return }
        let now = NIODeadline.now()
        session.handleTimeout(now: now)
        for (id, expired) in pending.expire(now: now) {
            session.cancel(LocalID(rawValue: id))
            expire(expired)
        }
        heartbeatIfDue(now: now)
        reportIfDue(now: now)
        observe(now: now)
        perform(plan.handleTimeout(now: now))
        pump()
    }

    func expire(_ waiting: PendingRequests.Pending) {
        if !waiting.isAcknowledged {
            let carrier = plan.attached?.carrier ?? (configuration.carriers == .stream ? .stream : .datagram)
            ledger.recordTask(carrier, wallMilliseconds: WallClock.milliseconds())
            saveFailures()
        }
        let timeout = waiting.request.timeout?.nanoseconds ?? 0
        waiting.completion(.failure(.timedOut(milliseconds: timeout / 1_000_000)))
    }

    func scheduleTimer(now: NIODeadline) {
        let deadlines = [plan.pollTimeout(), session.pollTimeout(), pending.nextDeadline(), heartbeatDue, reportDue]
        timer?.set(deadlines.compactMap(\.self).min())
    }

    // MARK: Silence

    /// Tells the plan how the attached carrier fares.
    func observe(now: NIODeadline) {
        let hasOutstanding = session.unacknowledgedCount > 0
        if !hasOutstanding {
            outstandingSince = nil
        } else if outstandingSince == nil {
            outstandingSince = now
        }
        let figures = attached.flatMap { carriers[$0]?.figures }
        if let sent = pingSentAt, let heard = figures?.lastHeardAt, heard >= sent { pingSentAt = nil }
        let since = [outstandingSince, pingSentAt, figures?.unansweredSince].compactMap(\.self).min()
        let traffic = ConnectPlan.Traffic(
            outstandingSince: since, lastHeardAt: figures?.lastHeardAt, roundTrip: figures?.roundTrip)
        perform(plan.observe(traffic, hasWork: hasOutstanding || pending.count > 0, now: now))
    }

    /// When a silent stream is asked whether it lives; a datagram connection sees to that itself.
    var heartbeatDue: NIODeadline? {
        guard pingSentAt == nil, session.isOpen, let attached, case .stream(let carrier) = carriers[attached],
            let heard = carrier.figures.lastHeardAt
        else { return nil }
        return heard + activity.streamSilence
    }

    func setActivity(_ new: ClientActivity) {
        guard activity != new else { return }
        activity = new
        for carrier in carriers.values { carrier.limitSilence(new) }
        pump()
    }

    func heartbeatIfDue(now: NIODeadline) {
        guard let due = heartbeatDue, due <= now else { return }
        pingSentAt = now
        session.ping(now: now)
    }
}

extension ClientCore: CarrierOwner {
    func carrierProgressed(_ id: AttemptID) {
        ticketsInUse[id] = nil
        plan.progressed(id, now: .now())
    }

    func carrierCanSendEarly(_ id: AttemptID) {
        perform(plan.canSendEarly(id, now: .now()))
        pump()
    }

    func carrier(_ id: AttemptID, received ticket: ResumptionTicket) {
        memory.keep(ticket, wallMilliseconds: WallClock.milliseconds())
        if let path = carriers[id]?.pathMemory { memory.keep(path) }
        saveServer()
    }

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
        remember(id)
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
