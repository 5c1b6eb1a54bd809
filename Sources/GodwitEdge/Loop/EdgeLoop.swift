import GodwitSession
import GodwitTransport
import GodwitWire
import IMRouting
import NIOCore

/// Everything that belongs to one event loop: its UDP socket, its carriers, its sessions, their timers and counters.
///
/// It works in turns. A turn begins with what woke the loop (datagrams, bytes of a stream, messages of other loops, a timer),
/// which only notes whom it concerns; `endTurn` then visits those once, sends what they have to say, and sets one timer.
final class EdgeLoop {
    let index: UInt8
    let eventLoop: any EventLoop
    let shared: EdgeShared

    let endpoint: ServerEndpoint
    let sessions: SessionTable
    var socket: DatagramSocket?
    /// Opens the socket again should it be closed by an error.
    var listener: DatagramListener?

    var datagramCarriers: [ConnectionHandle: DatagramCarrier] = [:]
    /// The same, by number, for messages from other loops.
    var datagramNumbers: [UInt64: ConnectionHandle] = [:]
    var streamCarriers: [UInt64: StreamCarrier] = [:]
    var boundSessions: [SessionID: BoundSession] = [:]
    /// Sessions of this loop that are on a carrier of another one.
    var remoteCarriers: [CarrierID: BoundSession] = [:]
    /// Tunnels of all sessions, and connections to their targets that are under way.
    var tunnelCount = 0
    var tunnelsConnecting = 0
    /// Streams whose handshake is under way.
    var halfOpenStreams = 0

    var metrics: LoopMetrics
    /// Of connections that are no more, and what the others did before they last went to rest.
    var restedTransports = TransportTotals()
    var outbox: LoopOutbox
    var isStopping = false
    /// Carriers that have more to send than the socket took.
    var waitingForSocket: [DatagramCarrier] = []
    /// Datagrams of one connection leave as batches, until the kernel refuses one.
    var sendsBatches: Bool
    /// What it refused, for a socket that sends it singly.
    var refusedBatches: [DatagramBatch] = []
    /// Twice what one vectored read brings.
    var datagramBuffers = DatagramBuffers(count: 64)

    private var touchedDatagrams: [DatagramCarrier] = []
    private var touchedStreams: [StreamCarrier] = []
    private var touchedSessions: [BoundSession] = []
    private var timers = DeadlineHeap<TimerOwner>()
    private var scheduled: (task: Scheduled<Void>, deadline: NIODeadline)?
    private var nextCarrierNumber: UInt64 = 0
    private var now: NIODeadline?
    private var isEndingTurn = false

    enum TimerOwner {
        case datagram(ConnectionHandle)
        case stream(UInt64)
        case session(SessionID)
        /// Forgets sessions that nobody came back to.
        case expiry
    }

    init(index: UInt8, eventLoop: any EventLoop, shared: EdgeShared) throws(TransportError) {
        self.index = index
        self.eventLoop = eventLoop
        self.shared = shared
        let transport = shared.limits.transport
        sendsBatches = shared.limits.datagram.offload == .auto && System.supportsUDPSegmentationOffload
        endpoint = try ServerEndpoint(
            configuration: transport, tls: shared.tls, loopIndex: index, limits: shared.limits.endpoint,
            identity: shared.endpoint, random: .system)
        sessions = SessionTable(configuration: shared.limits.sessionTable, loopIndex: index, random: .system)
        metrics = LoopMetrics(shared.metrics)
        outbox = LoopOutbox(loopCount: shared.directory.count)
        timers.add(.expiry, at: .now() + Self.expiryInterval)
    }

    /// How often sessions are looked at for expiry, which is counted in hours.
    static let expiryInterval = TimeAmount.seconds(10)

    /// The time of this turn: the clock is read once in it.
    func turnTime() -> NIODeadline {
        if let now { return now }
        let now = NIODeadline.now()
        self.now = now
        return now
    }

    func makeCarrierID() -> CarrierID {
        nextCarrierNumber += 1
        return CarrierID(loop: index, number: nextCarrierNumber)
    }

    // MARK: Whom this turn concerns

    func touch(_ carrier: DatagramCarrier) {
        guard !carrier.isTouched else { return }
        carrier.isTouched = true
        touchedDatagrams.append(carrier)
    }

    func touch(_ carrier: StreamCarrier) {
        guard !carrier.isTouched else { return }
        carrier.isTouched = true
        touchedStreams.append(carrier)
    }

    func touch(_ session: BoundSession) {
        guard !session.isTouched else { return }
        session.isTouched = true
        touchedSessions.append(session)
    }

    // MARK: The turn

    /// Messages of other loops and of the core.
    func receive(_ messages: [LoopMessage]) {
        for message in messages { receive(message) }
        endTurn()
    }

    /// Does what the turn noted, until nothing is left. A call from inside does nothing: the outer one goes on.
    func endTurn() {
        guard !isEndingTurn else { return }
        isEndingTurn = true
        let now = turnTime()
        repeat {
            visitConnections(now)
            visitSessions(now)
            transmit(now)
            flushStreams()
        } while !touchedDatagrams.isEmpty || !touchedSessions.isEmpty || !touchedStreams.isEmpty
        socket?.flush()
        outbox.flush(through: shared.directory)
        setTimer()
        self.now = nil
        isEndingTurn = false
    }

    /// Takes what arrived out of the connections, so that each session is visited once for all of it.
    private func visitConnections(_ now: NIODeadline) {
        var index = 0
        while index < touchedDatagrams.count {
            takeEvents(of: touchedDatagrams[index], now: now)
            index += 1
        }
    }

    private func visitSessions(_ now: NIODeadline) {
        var index = 0
        while index < touchedSessions.count {
            let session = touchedSessions[index]
            session.isTouched = false
            pump(session, now: now)
            index += 1
        }
        touchedSessions.removeAll(keepingCapacity: true)
    }

    private func transmit(_ now: NIODeadline) {
        var index = 0
        while index < touchedDatagrams.count {
            let carrier = touchedDatagrams[index]
            carrier.isTouched = false
            transmit(carrier, now: now)
            index += 1
        }
        touchedDatagrams.removeAll(keepingCapacity: true)
    }

    private func flushStreams() {
        var index = 0
        while index < touchedStreams.count {
            let carrier = touchedStreams[index]
            carrier.isTouched = false
            carrier.flush()
            arm(carrier)
            index += 1
        }
        touchedStreams.removeAll(keepingCapacity: true)
    }

    // MARK: Timers

    func arm(_ carrier: DatagramCarrier) {
        guard let deadline = carrier.served.pollTimeout() else { return }
        if let armed = carrier.armed, armed <= deadline { return }
        carrier.armed = deadline
        timers.add(.datagram(carrier.handle), at: deadline)
    }

    func arm(_ carrier: StreamCarrier) {
        let deadline = deadline(of: carrier)
        if let armed = carrier.armed, armed <= deadline { return }
        carrier.armed = deadline
        timers.add(.stream(carrier.id.number), at: deadline)
    }

    func arm(_ session: BoundSession) {
        guard let deadline = session.session.pollTimeout() else { return }
        if let armed = session.armed, armed <= deadline { return }
        session.armed = deadline
        timers.add(.session(session.id), at: deadline)
    }

    private func setTimer() {
        guard let earliest = timers.earliest else { return }
        // One that fires too early finds nothing due and sets the next: cheaper than a new one for each packet.
        if let scheduled, scheduled.deadline <= earliest { return }
        scheduled?.task.cancel()
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        let task = eventLoop.scheduleTask(deadline: earliest) { bound.value.timerFired() }
        scheduled = (task, earliest)
    }

    private func timerFired() {
        scheduled = nil
        let now = turnTime()
        while let due = timers.popDue(now: now) { wake(due.owner, deadline: due.deadline, now: now) }
        endTurn()
    }

    private func wake(_ owner: TimerOwner, deadline: NIODeadline, now: NIODeadline) {
        switch owner {
        case .datagram(let handle):
            guard let carrier = datagramCarriers[handle], carrier.armed == deadline else { return }
            carrier.armed = nil
            if let deadline = carrier.served.pollTimeout(), deadline <= now {
                carrier.connection.handleTimeout(now: now)
                touch(carrier)
            } else {
                arm(carrier)
            }
        case .stream(let number):
            guard let carrier = streamCarriers[number], carrier.armed == deadline else { return }
            carrier.armed = nil
            checkDeadline(of: carrier, now: now)
        case .session(let id):
            guard let session = boundSessions[id], session.armed == deadline else { return }
            session.armed = nil
            if let deadline = session.session.pollTimeout(), deadline <= now {
                session.session.handleTimeout(now: now)
                touch(session)
            } else {
                arm(session)
            }
        case .expiry:
            expireSessions(now: now)
            expireTunnels(now: now)
            timers.add(.expiry, at: now + Self.expiryInterval)
        }
    }

    /// Ends the loop's own doings: nothing wakes it after this.
    func cancelTimer() {
        scheduled?.task.cancel()
        scheduled = nil
        timers = DeadlineHeap()
    }
}
