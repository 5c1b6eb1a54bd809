import GodwitSession
import GodwitTLS
import GodwitTransport
import GodwitWire
import NIOCore

/// The client's end of a simulated world: the real connection and session, and around them what a client's shell and application
/// do. The application's requests and the session's ticket are on its disk; everything else dies with its process.
final class SimulatedClient {
    private(set) var session: Session
    private(set) var connection: Connection? {
        willSet { earlierKeyUpdates += connection?.keyUpdates ?? 0 }
    }
    private var earlierKeyUpdates: UInt64 = 0
    /// The inside address of the present connection.
    private(set) var address: Address
    /// Counts this client's processes.
    private(set) var process = 0
    private(set) var pushes = HistoryChecker(.toClient)
    private(set) var carriersOpened = 0

    private let server: Address
    private let packetsPerKey: UInt64?
    private let random: RandomSource
    private let narrator: Narrator
    private let compressor = Compressor()
    private var ticket: SessionTicket?
    /// The server's ticket for the next handshake, and when it came.
    private var known: (ticket: ResumptionTicket, at: NIODeadline)?
    private var memory: PathMemory?
    private(set) var earlyOpenings = 0
    /// New sessions that a server gave us: after each, its numbering is another.
    private var newSessions = 0
    private var requests = RequestBook()
    private var reconnectAt: NIODeadline?
    private var lastHeard: NIODeadline
    private var heardPackets: UInt64 = 0

    /// How long the application waits for an answer before it suspects the carrier.
    private static let patience = TimeAmount.seconds(5)
    private static let reconnectDelay = TimeAmount.milliseconds(300)

    init(server: Address, packetsPerKey: UInt64?, random: RandomSource, narrator: Narrator, now: NIODeadline) {
        self.narrator = narrator
        self.server = server
        self.packetsPerKey = packetsPerKey
        self.random = random
        address = Address(ipv4: 0x0a00_0001, port: 20_000)
        lastHeard = now
        reconnectAt = now
        session = Session.client(ticket: nil, incarnation: random.next(), compressor: compressor)
    }

    // MARK: What the application does

    func request(_ message: Scenario.Message, now: NIODeadline) { requests.add(message, now: now) }

    func cancelRequest(_ number: UInt64) { requests.cancel(number, in: session) }

    /// Requests that were given up.
    var waived: [UInt64] { requests.owed.waived }

    /// The server's application has given up a push.
    func waive(_ push: UInt64) { pushes.waive(push) }

    /// The server's application has had a push accepted; it is now owed to us.
    func expect(_ message: Scenario.Message) { pushes.accepted(message) }

    /// Of all connections.
    var keyUpdates: UInt64 { earlierKeyUpdates + (connection?.keyUpdates ?? 0) }

    var unansweredRequests: [UInt64] { requests.owed.numbers }

    /// Connected, and nothing is on its way.
    var isSettled: Bool {
        guard let connection, connection.state == .established, session.isOpen else { return false }
        return session.unacknowledgedCount == 0 && connection.statistics.bytesInFlight == 0
    }

    // MARK: What goes wrong

    func loseCarrier(now: NIODeadline) {
        guard connection != nil else { return }
        connection = nil
        session.carrierDetached(now: now)
        reconnectAt = now + Self.reconnectDelay
    }

    func restart(now: NIODeadline) {
        process += 1
        connection = nil
        requests.forgetSubmissions()
        session = Session.client(ticket: ticket, incarnation: random.next(), compressor: compressor)
        reconnectAt = now + Self.reconnectDelay
    }

    func addressChanged(now: NIODeadline) { connection?.rebind(now: now) }

    // MARK: The shell

    func receive(_ datagram: ByteBuffer, at destination: Address, from source: Address, now: NIODeadline) {
        guard destination == address, let connection else { return }
        let drops = connection.statistics.drops.total
        connection.receive(datagram, from: source, now: now)
        if connection.statistics.drops.total != drops { narrator.say(now, "client dropped a packet") }
    }

    var deadline: NIODeadline? {
        let suspicion = connection != nil && isWaiting ? lastHeard + Self.patience : nil
        return [connection?.pollTimeout(), session.pollTimeout(), reconnectAt, suspicion].compactMap(\.self).min()
    }

    func handleTimeouts(now: NIODeadline) {
        if let due = connection?.pollTimeout(), due <= now { connection?.handleTimeout(now: now) }
        if let due = session.pollTimeout(), due <= now { session.handleTimeout(now: now) }
        if connection != nil, isWaiting, lastHeard + Self.patience <= now { loseCarrier(now: now) }
    }

    /// Runs both machines until they have nothing more to say now.
    func pump(network: inout SimulatedNetwork, now: NIODeadline) throws {
        try reconnectIfDue(network: &network, now: now)
        listen(now: now)
        try takeConnectionEvents(now: now)
        try takeSessionEvents(now: now)
        requests.submit(to: session, now: now)
        guard let connection else { return }
        CarrierFlow.move(from: session, to: connection, now: now)
        CarrierFlow.transmit(connection, from: address, over: &network, now: now)
        try takeConnectionEvents(now: now)
    }

    private var isWaiting: Bool { !requests.owed.numbers.isEmpty || session.unacknowledgedCount > 0 }

    private func listen(now: NIODeadline) {
        guard let connection, connection.statistics.packetsReceived != heardPackets || !isWaiting else { return }
        heardPackets = connection.statistics.packetsReceived
        lastHeard = now
    }

    private func reconnectIfDue(network: inout SimulatedNetwork, now: NIODeadline) throws {
        guard connection == nil, let due = reconnectAt, due <= now else { return }
        reconnectAt = nil
        address = Address(high: address.high, low: address.low, port: address.port &+ 1)
        network.attach(client: address)
        var configuration = TransportConfiguration.client
        configuration.handshakeTimeout = .seconds(6)
        if let packetsPerKey { configuration.packetsPerKey = packetsPerKey }
        connection = try Connection.client(
            configuration: configuration, tls: SimulatedTLS.client.get(), serverName: nil, remote: server,
            random: random, resumption: known.map { TLSResumption(ticket: $0.ticket, age: now - $0.at) },
            memory: memory, now: now)
        known = nil
        carriersOpened += 1
        lastHeard = now
        heardPackets = 0
        guard connection?.canSendEarly == true else { return }
        earlyOpenings += 1
        // What the application wants to say goes with the first flight.
        requests.submit(to: session, now: now)
        session.carrierAttached(now: now)
    }

    private func takeConnectionEvents(now: NIODeadline) throws {
        while let event = connection?.pollEvent() {
            narrator.say(now, "client carrier \(carriersOpened): \(event)")
            switch event {
            case .established: if !session.isAttached { session.carrierAttached(now: now) }
            case .message(let envelope):
                try session.receive(envelope, now: now)
                try takeSessionEvents(now: now)
            case .ticket(let ticket):
                known = (ticket, now)
                memory = connection.flatMap { PathMemory($0.statistics) }
            case .earlyMessage, .datagram, .messageAcknowledged, .messageLate, .remoteAddressChanged: break
            case .closed: loseCarrier(now: now)
            }
        }
    }

    private func takeSessionEvents(now: NIODeadline) throws {
        while let event = session.pollEvent() {
            narrator.say(now, "client session: \(event)")
            switch event {
            case .opened(let resumption, let ticket):
                self.ticket = ticket
                if resumption == .new { newSessions += 1 }
                // Stands for the login: the server's application learns that we live.
                session.ping(now: now)
            case .message(let message): try receive(message)
            case .abandoned(let id, .late): try requests.late(id)
            case .abandoned(let id, _): requests.askAgain(id)
            case .datagram, .acknowledged, .pong: break
            case .rejected(let reason, _, let text):
                throw HistoryViolation.noProgress("the server rejected OPEN: \(reason) \(text)")
            case .closed(let code, let text):
                throw HistoryViolation.noProgress("the server closed the session: \(code) \(text)")
            }
        }
    }

    private func receive(_ message: IncomingMessage) throws {
        switch message.kind {
        case .response(let id, let status): try requests.answered(id, status: status, body: message.body)
        case .push:
            try pushes.deliver(
                Payload(decoding: message.body), epoch: Epoch(client: process, server: newSessions))
        case .request: throw HistoryViolation.neverSent(.toClient, number: message.id.rawValue)
        }
    }
}

extension Connection {
    fileprivate var keyUpdates: UInt64 { statistics.keyUpdatesStarted + statistics.keyUpdatesFollowed }
}
