import DequeModule
import GodwitTLS
import GodwitWire
import NIOCore

/// One end of a datagram connection. Sans-IO: bytes and times go in by `receive` and `handleTimeout`, datagrams, events and the
/// next deadline come out by the three polls. One owner; not Sendable.
///
/// After every call the owner polls events until nil, then datagrams until nil, then the timeout, and drops the connection once
/// `state` is `.closed`. Each concern is a type of its own; this one joins them.
package final class Connection {
    // Exclusive access is not checked at run time: that was a third of all instructions. It holds because one owner calls one verb at
    // a time, no verb calls back into the owner (what it has to say is polled), and the parts are values that do not know this object,
    // so that a part being changed is reached by no other way.

    package let role: TLSRole
    @exclusivity(unchecked) package internal(set) var state = ConnectionState.handshaking

    let configuration: TransportConfiguration
    @exclusivity(unchecked) var keyPhase: KeyPhase
    /// Packets that may fail to authenticate; a test makes it small.
    @exclusivity(unchecked) var forgeryLimit = ProtocolLimits.maximumForgedPackets
    let random: RandomSource
    /// Server: where tokens come from.
    @exclusivity(unchecked) var issuer: ConnectionIDIssuer?
    /// Server: all IDs that the client may use; `localID` is the first of them.
    let localIDs: LocalIDs?
    /// Client, once it has heard the server: all IDs that it may use; `peerID` is the one in use.
    @exclusivity(unchecked) var peerIDs: PeerIDs?
    /// Of the ID that the packet being read was addressed to.
    @exclusivity(unchecked) var packetSequence: UInt64 = 0
    /// What the client's first packets were addressed to; the initial keys come from it.
    var clientChosenID: ConnectionID
    /// How the peer addresses us: server-issued, or empty on a client.
    let localID: ConnectionID
    /// How we address the peer.
    @exclusivity(unchecked) var peerID: ConnectionID
    /// Client: the server has been heard, so that `peerID` is its own.
    @exclusivity(unchecked) var hasHeardPeer: Bool
    /// Client: it has begun again as the server wanted.
    @exclusivity(unchecked) var hasRetried = false

    let workspace: Workspace
    @exclusivity(unchecked) var path: Path
    @exclusivity(unchecked) var mtu: MTUDiscovery
    @exclusivity(unchecked) var handshake: Handshake
    @exclusivity(unchecked) var handshakeDeadline: NIODeadline
    @exclusivity(unchecked) var handshakeSent: NIODeadline?
    /// Client: when the first flight goes a second time, on a network that lost packets before.
    @exclusivity(unchecked) var flightRepetition: FlightRepetition
    @exclusivity(unchecked) var early = EarlyData()
    /// Nil once the handshake is confirmed: a connection is without an Initial space for most of its life.
    @exclusivity(unchecked) private(set) var initial: InitialSpace?
    @exclusivity(unchecked) var application = PacketSpace()
    @exclusivity(unchecked) var recovery: Recovery<ConfiguredController>
    @exclusivity(unchecked) var outcome = Recovery<ConfiguredController>.Outcome()
    // Not copyable, so that a question to the queues does not copy them out of this object first.
    @exclusivity(unchecked) var outgoing: OutgoingMessages
    @exclusivity(unchecked) var incoming: IncomingMessages
    @exclusivity(unchecked) var datagrams = OutgoingDatagrams()
    @exclusivity(unchecked) var incomingDatagrams = IncomingDatagrams()
    @exclusivity(unchecked) var control = ControlFrames()
    @exclusivity(unchecked) var repetitions: Repetitions
    @exclusivity(unchecked) var repairs = Repairs()
    @exclusivity(unchecked) var waiting = WaitingPackets()
    @exclusivity(unchecked) var idle: IdleTimer
    /// The mark of the datagram being taken.
    @exclusivity(unchecked) var arrivingMark = ECNCodepoint.notCapable
    /// How the datagram that `pollTransmit` wrote last is to be marked.
    @exclusivity(unchecked) package internal(set) var transmitMark = ECNCodepoint.notCapable
    /// Client: how long its binding lives.
    @exclusivity(unchecked) var keepAlive: KeepAliveSearch?
    @exclusivity(unchecked) var silenceLimit: TimeAmount?
    /// Client: the server has not asked when it should have.
    @exclusivity(unchecked) var isServerMissing = false
    @exclusivity(unchecked) var closing: ConnectionClose?

    /// When to see whether the connection has fallen silent; nil while it rests.
    @exclusivity(unchecked) var restDeadline: NIODeadline?

    @exclusivity(unchecked) var events: Deque<ConnectionEvent> = []
    @exclusivity(unchecked) var closeReason: CloseReason?
    /// The endpoint's note that it counts this connection among the half open.
    @exclusivity(unchecked) var isCountedHalfOpen = false
    @exclusivity(unchecked) var counters = ConnectionStatistics()

    init(
        role: TLSRole, configuration: TransportConfiguration, handshake: Handshake, initialKeys: PacketKeys,
        clientChosenID: ConnectionID, localID: ConnectionID, peerID: ConnectionID, remote: Address,
        random: RandomSource, workspace: Workspace, issuer: ConnectionIDIssuer? = nil, memory: PathMemory? = nil,
        now: NIODeadline
    ) {
        self.role = role
        self.configuration = configuration
        keyPhase = KeyPhase(updateAfter: configuration.packetsPerKey)
        self.handshake = handshake
        self.clientChosenID = clientChosenID
        self.localID = localID
        self.peerID = peerID
        self.random = random
        self.issuer = issuer
        localIDs = issuer.map { LocalIDs(handshakeID: localID, issuer: $0) }
        self.workspace = workspace
        hasHeardPeer = role == .server
        initial = InitialSpace(keys: initialKeys)
        path = Path(remote: remote, isValidated: role == .client)
        mtu = MTUDiscovery(configuration, remote: remote)
        handshakeDeadline = now + configuration.handshakeTimeout
        flightRepetition = FlightRepetition(
            isWanted: memory?.isLossy ?? false,
            isSparse: configuration.firstFlightInterval > ProbeTimer.maximumInterval)
        recovery = Recovery(configuration)
        if let memory { recovery.remember(memory) }
        outgoing = OutgoingMessages(limits: OutgoingMessages.Limits(configuration))
        incoming = IncomingMessages(limits: IncomingMessages.Limits(configuration))
        repetitions = Repetitions(share: configuration.redundancyShare)
        idle = IdleTimer(timeout: configuration.idleTimeout, now: now)
        if role == .client, configuration.keepsBinding { keepAlive = KeepAliveSearch(remembered: memory?.keepAlive) }
    }

    /// A server's connection that has rested goes on.
    init(waking resting: RestingConnection, lender: ConnectionLender) {
        role = .server
        state = .established
        configuration = lender.configuration
        random = lender.random
        workspace = lender.workspace
        issuer = lender.issuer
        clientChosenID = resting.clientChosenID
        localID = resting.localID
        localIDs = resting.localIDs
        peerID = resting.peerID
        hasHeardPeer = true
        path = Path(remote: resting.remote, isValidated: true)
        mtu = resting.bulk?.mtu ?? MTUDiscovery(configuration, remote: resting.remote)
        handshake = Handshake(completedByServer: resting.isResumed)
        handshakeDeadline = .distantFuture
        flightRepetition = FlightRepetition()
        keyPhase = resting.keyPhase
        application = PacketSpace(waking: resting)
        // A datagram that comes so late is of no use, and what has come as a copy is forgotten.
        incomingDatagrams = IncomingDatagrams(floor: application.received.largest.map { $0 + 1 } ?? 0)
        recovery = Recovery(configuration)
        outgoing = OutgoingMessages(
            limits: OutgoingMessages.Limits(configuration), waking: resting.outgoing)
        incoming = IncomingMessages(
            limits: IncomingMessages.Limits(configuration), waking: resting.incoming)
        repetitions = Repetitions(share: configuration.redundancyShare)
        repetitions.savings = resting.savings
        idle = resting.idle
        recovery.wake(resting.recovery)
        if let bulk = resting.bulk {
            recovery.ecn = bulk.ecn
            recovery.blackHole = bulk.blackHole
        }
        counters.drops = resting.drops
    }

    /// A client's connection; its first datagram is ready for `pollTransmit`.
    ///
    /// - Parameters:
    ///   - resumption: with a ticket, what is sent before the first `pollTransmit` goes with the first flight.
    ///   - memory: of the same network.
    ///   - workspace: of the event loop, if it has many connections.
    package static func client(
        configuration: TransportConfiguration, tls: TLSContext, serverName: String?, remote: Address,
        random: RandomSource, resumption: TLSResumption? = nil, memory: PathMemory? = nil,
        workspace: Workspace = Workspace(), now: NIODeadline
    ) throws(TransportError) -> Connection {
        try configuration.validate()
        do throws(TLSError) {
            var bytes = random.bytes(ProtocolLimits.clientChosenIDLength)
            // No load balancer may take it for a server's (draft-ietf-quic-load-balancers-21 §4.1).
            bytes[0] |= 0xe0
            let chosen = ConnectionID(bytes) ?? .empty
            let connection = Connection(
                role: .client, configuration: configuration,
                handshake: try Handshake(role: .client, tls: tls, serverName: serverName, resumption: resumption),
                initialKeys: try .initial(role: .client, clientChosenID: chosen), clientChosenID: chosen,
                localID: .empty,
                peerID: chosen, remote: remote, random: random, workspace: workspace,
                memory: memory.flatMap { $0.isPlausible ? $0 : nil }, now: now)
            try connection.beginEarlyData()
            return connection
        } catch {
            throw .tls(error)
        }
    }

    var hasInitialSpace: Bool { initial != nil }

    /// The Initial keys are done with (RFC 9001 §4.9.1).
    func dropInitialSpace() {
        initial?.space.discard(&recovery)
        initial = nil
    }

    /// Where datagrams go.
    package var remote: Address { path.remote }

    // MARK: Messages

    /// Client: what is sent now goes as early data.
    package var canSendEarly: Bool { role == .client && state == .handshaking && early.remaining > 0 }

    package func pollEvent() -> ConnectionEvent? {
        if let event = events.popFirst() { return event }
        if let message = incoming.take() {
            counters.messagesReceived += 1
            return state == .handshaking ? .earlyMessage(message) : .message(message)
        }
        if let reason = closeReason {
            closeReason = nil
            return .closed(reason)
        }
        return nil
    }

    // MARK: Ends

    /// Tells the peer and ends; `.closed(.local)` is the last event.
    package func close(code: UInt64, reason: String, now: NIODeadline) {
        beginClosing(
            CloseFrame(byApplication: true, code: code, reason: reason), .local(code: code, reason: reason), now: now)
    }

    func fail(_ error: ProtocolError, now: NIODeadline) {
        let frame = CloseFrame(byApplication: false, code: error.code.rawValue, reason: error.description)
        beginClosing(frame, .protocolViolation(error), now: now)
    }

    func fail(_ error: TLSError, now: NIODeadline) {
        let code = TransportErrorCode.tlsFailure
        let frame = CloseFrame(byApplication: false, code: code.rawValue, reason: code.description)
        beginClosing(frame, .tls(error), now: now)
    }

    func beginClosing(_ frame: CloseFrame, _ reason: CloseReason, now: NIODeadline) {
        guard state == .handshaking || state == .established else { return }
        state = .closing
        closeReason = reason
        closing = ConnectionClose(frame: frame, deadline: now + closingPeriod)
    }

    func drain(_ frame: CloseFrame, now: NIODeadline) {
        guard state == .handshaking || state == .established else { return }
        state = .draining
        closeReason =
            frame.byApplication
            ? .peer(code: frame.code, reason: frame.reason)
            : .peerError(TransportErrorCode(rawValue: frame.code), reason: frame.reason)
        closing = ConnectionClose(frame: nil, deadline: now + closingPeriod)
    }

    /// Ends without a word.
    func finish(_ reason: CloseReason) {
        state = .closed
        closeReason = reason
        handshake.releaseEngine()
    }

    /// Three probe timeouts (RFC 9000 §10.2).
    private var closingPeriod: TimeAmount { .nanoseconds(3 * recovery.probeTimeout.nanoseconds) }

    // MARK: Network changes

    /// The local address has changed or the network is back: sends something at once, on the new path.
    package func rebind(now: NIODeadline) {
        guard state == .handshaking || state == .established else { return }
        useFreshID()
        if let initial { recovery.giveUp(&initial.space, sentBefore: now, now: now, outcome: &outcome) }
        recovery.giveUp(&application, sentBefore: now, now: now, outcome: &outcome)
        recovery.resetProbes()
        restartMTU()
        recovery.ecn.pathChanged()
        applyOutcome(now: now)
        if keepAlive != nil {
            // Another network, other translators.
            keepAlive = KeepAliveSearch()
            isServerMissing = false
            agreeOnSilence()
        }
        if application.keys != nil, state == .established {
            application.pingDue = true
            application.probesDue = 1
        } else {
            initial?.space.pingDue = true
            initial?.space.probesDue = 1
        }
    }

    // MARK: Figures

    package var statistics: ConnectionStatistics {
        var figures = counters
        figures.smoothedRTT = recovery.rtt.hasSample ? recovery.rtt.smoothed : nil
        figures.rttVariation = recovery.rtt.hasSample ? recovery.rtt.variation : .nanoseconds(0)
        figures.minimumRTT = recovery.rtt.minimum
        figures.isResumed = handshake.isResumed
        figures.congestionMarks = recovery.congestionMarks
        figures.usesECN = recovery.ecn.isCapable
        figures.ecnPathsCapable = recovery.ecn.pathsCapable
        figures.ecnPathsFailed = recovery.ecn.pathsFailed
        figures.datagramBytes = mtu.current
        figures.agreedSilence = idle.agreedSilence
        figures.keepAlive = keepAlive?.memory
        figures.unansweredSince = idle.firstAsked
        figures.earlyData = early.outcome
        figures.packetsLost = recovery.packetsLost
        figures.spuriousLosses = recovery.spuriousLosses
        figures.probes = recovery.probes
        figures.unreliableDropped = datagrams.dropped
        figures.repairsUsed = incoming.repairsUsed
        figures.messagesRecovered = incoming.messagesRecovered
        figures.forwardLoss = recovery.loss.forward
        figures.backwardLoss = recovery.loss.backward
        figures.congestionWindowBytes = recovery.windowBytes
        figures.bytesInFlight = recovery.bytesInFlight
        return figures
    }
}
