import GodwitSession
import GodwitTransport
import GodwitWire
import NIOCore

/// The server's end of a simulated world: the real endpoint, connections, session table and sessions, and an application that
/// answers each request with a body of the same number, and pushes. The application's memory is durable; the rest dies with its
/// process.
final class SimulatedServer {
    let address: Address
    private(set) var endpoint: ServerEndpoint
    private(set) var requests = HistoryChecker(.toServer)
    /// The one user's session.
    private(set) var session: Session?

    private let random: RandomSource
    /// On the server's disk.
    private let identity: EndpointIdentity
    private let limits: EndpointLimits
    private let configuration: TransportConfiguration
    private let narrator: Narrator
    private let compressor = Compressor()
    private var table: SessionTable
    private var carriers: [ServerCarrier] = []
    /// What is owed to the client until it is acknowledged.
    private var pushes = OwedMessages()
    /// The server's process, and the client's as far as this server's sessions can tell.
    private var epoch = Epoch(client: 0, server: 0)

    private static let maximumAnswerBytes = 200

    /// - Parameters:
    ///   - asksForAddress: every client must show that it is at its address.
    ///   - packetsPerKey: nil for as many as usual.
    init(
        address: Address, asksForAddress: Bool, packetsPerKey: UInt64?, random: RandomSource, narrator: Narrator
    ) throws {
        self.narrator = narrator
        self.address = address
        self.random = random
        identity = .ephemeral(random)
        var limits = EndpointLimits()
        if asksForAddress { limits.retryAbove = 0 }
        self.limits = limits
        var configuration = TransportConfiguration.server
        // As often as it may.
        configuration.restDelay = .milliseconds(20)
        if let packetsPerKey { configuration.packetsPerKey = packetsPerKey }
        self.configuration = configuration
        endpoint = try Self.makeEndpoint(configuration, identity: identity, limits: limits, random: random)
        table = Self.makeTable(random: random, compressor: compressor)
    }

    private static func makeEndpoint(
        _ configuration: TransportConfiguration, identity: EndpointIdentity, limits: EndpointLimits,
        random: RandomSource
    ) throws -> ServerEndpoint {
        try ServerEndpoint(
            configuration: configuration, tls: SimulatedTLS.server(random: random), loopIndex: 0, limits: limits,
            identity: identity, random: random)
    }

    private static func makeTable(random: RandomSource, compressor: Compressor) -> SessionTable {
        SessionTable(loopIndex: 0, random: random, compressor: compressor)
    }

    // MARK: What the application does

    /// The client's application has a request to send; it is now owed to us.
    func expect(_ message: Scenario.Message) { requests.accepted(message) }

    func push(_ message: Scenario.Message, now: NIODeadline) { pushes.add(message, now: now) }

    func cancelPush(_ number: UInt64) { pushes.cancel(number, in: session) }

    /// Pushes that were given up.
    var waived: [UInt64] { pushes.waived }

    /// The client's application has given up a request.
    func waive(_ request: UInt64) { requests.waive(request) }

    /// One connection is left, the one that carries the session, and nothing is on its way.
    var isSettled: Bool {
        guard let session, carriers.count == 1, carriers[0].session === session else { return false }
        return session.unacknowledgedCount == 0 && carriers[0].connection.statistics.bytesInFlight == 0
    }

    // MARK: What goes wrong

    func restart() throws {
        epoch.server += 1
        carriers.removeAll()
        session = nil
        pushes.forgetSubmissions()
        endpoint = try Self.makeEndpoint(configuration, identity: identity, limits: limits, random: random)
        table = Self.makeTable(random: random, compressor: compressor)
    }

    // MARK: The shell

    func receive(_ datagram: ByteBuffer, from source: Address, network: inout SimulatedNetwork, now: NIODeadline) {
        switch endpoint.receive(datagram, from: source, now: now) {
        case .connection(let handle):
            if let served = endpoint.connection(handle), !carriers.contains(where: { $0.handle == handle }) {
                carriers.append(ServerCarrier(handle: handle, served: served))
            }
        case .reply(let reply): network.send(reply, from: address, to: source, now: now)
        case .dropped(let reason): narrator.say(now, "server dropped a datagram: \(reason)")
        case .loop: break
        }
    }

    var deadline: NIODeadline? {
        (carriers.map { $0.served.pollTimeout() } + [session?.pollTimeout()]).compactMap(\.self).min()
    }

    func handleTimeouts(now: NIODeadline) {
        for carrier in carriers {
            if let due = carrier.served.pollTimeout(), due <= now { carrier.connection.handleTimeout(now: now) }
        }
        if let session, let due = session.pollTimeout(), due <= now { session.handleTimeout(now: now) }
        _ = table.expire(now: now)
    }

    /// Runs all machines until they have nothing more to say now.
    func pump(network: inout SimulatedNetwork, now: NIODeadline) throws {
        for carrier in carriers { try takeEvents(of: carrier, now: now) }
        if let session {
            try takeSessionEvents(of: session, now: now)
            pushes.submit(to: session, now: now) { .push(.notify, lane: $0.message.lane, body: $1) }
        }
        for carrier in carriers {
            if let session = carrier.session { CarrierFlow.move(from: session, to: carrier.connection, now: now) }
            CarrierFlow.transmit(carrier.connection, from: address, over: &network, now: now)
            try takeEvents(of: carrier, now: now)
        }
        carriers.removeAll { carrier in
            guard carrier.connection.state == .closed else { return false }
            endpoint.remove(carrier.handle)
            return true
        }
        for carrier in carriers where endpoint.rest(carrier.handle) != nil {
            narrator.say(now, "server carrier: rests")
            carrier.session?.rest()
        }
    }

    private func takeEvents(of carrier: ServerCarrier, now: NIODeadline) throws {
        while let event = carrier.connection.pollEvent() {
            narrator.say(now, "server carrier: \(event)")
            switch event {
            case .established, .datagram, .messageAcknowledged, .messageLate, .remoteAddressChanged, .ticket: break
            case .message(let envelope), .earlyMessage(let envelope): try receive(envelope, on: carrier, now: now)
            case .closed: detach(carrier, now: now)
            }
        }
    }

    private func receive(_ envelope: ByteBuffer, on carrier: ServerCarrier, now: NIODeadline) throws {
        guard !carrier.isDone else { return }
        guard let session = carrier.session else { return try open(envelope, on: carrier, now: now) }
        logIn(session)
        try session.receive(envelope, now: now)
        try takeSessionEvents(of: session, now: now)
    }

    private func detach(_ carrier: ServerCarrier, now: NIODeadline) {
        carrier.session?.carrierDetached(attachment: carrier.attachment, now: now)
        carrier.session = nil
        carrier.isDone = true
    }

    private func open(_ envelope: ByteBuffer, on carrier: ServerCarrier, now: NIODeadline) throws {
        do throws(SessionError) {
            switch try table.open(envelope, now: now) {
            case .opened(let opened): attach(opened, to: carrier, now: now)
            case .home(let loop): throw SessionError.unexpected(envelope: "OPEN of loop \(loop)")
            }
        } catch .staleOpen {
            // A carrier that the client has left long ago: its OPEN was overtaken by that of a newer one.
            finish(carrier, reason: "stale", now: now)
            return
        }
        if let session = carrier.session { try takeSessionEvents(of: session, now: now) }
    }

    private func attach(_ opened: OpenedSession, to carrier: ServerCarrier, now: NIODeadline) {
        for other in carriers where other.session === opened.session {
            finish(other, reason: "superseded", now: now)
        }
        if opened.resumption == .restarted { epoch.client += 1 }
        carrier.session = opened.session
        carrier.attachment = opened.attachment
    }

    /// The user is where the client has shown that it lives, by an envelope after its OPEN. An OPEN alone proves nothing: it may
    /// come late, or be repeated by an attacker, from a process that is long dead.
    private func logIn(_ session: Session) {
        guard self.session !== session else { return }
        self.session = session
        epoch.client += 1
        pushes.forgetSubmissions()
    }

    private func finish(_ carrier: ServerCarrier, reason: String, now: NIODeadline) {
        carrier.session = nil
        carrier.isDone = true
        carrier.connection.close(code: 0, reason: reason, now: now)
    }

    private func takeSessionEvents(of session: Session, now: NIODeadline) throws {
        while let event = session.pollEvent() {
            narrator.say(now, "server session: \(event)")
            switch event {
            case .message(let message): try receive(message, from: session, now: now)
            case .acknowledged(let id): if let number = pushes.end(id) { pushes.settle(number) }
            case .abandoned(let id, .late): if session === self.session { try pushes.late(id) }
            case .abandoned(let id, _): pushes.submitAgain(id)
            case .datagram, .opened, .rejected, .pong: break
            case .closed(let code, let text):
                throw HistoryViolation.noProgress("the client closed the session: \(code) \(text)")
            }
        }
    }

    private func receive(_ message: IncomingMessage, from session: Session, now: NIODeadline) throws {
        guard case .request = message.kind else {
            throw HistoryViolation.neverSent(.toServer, number: message.id.rawValue)
        }
        let payload = Payload(decoding: message.body)
        try requests.deliver(payload, epoch: epoch, isEarly: message.isEarly)
        guard let payload else { return }
        let answer = Payload(number: payload.number, length: min(payload.length, Self.maximumAnswerBytes))
        do {
            _ = try session.send(.response(to: message.id, body: answer.encode()), now: now)
        } catch .requestGone {
            // The process that asked is gone; the next one asks again.
        }
    }
}

/// One connection of the server and the session that it carries, once there was an OPEN.
final class ServerCarrier {
    let handle: ConnectionHandle
    let served: ServedConnection
    /// To ask for it is to wake it.
    var connection: Connection { served.connection }
    var session: Session?
    /// Which of the session's carriers this is.
    var attachment: UInt64 = 0
    /// Superseded, refused or dead: what it still brings means nothing.
    var isDone = false

    init(handle: ConnectionHandle, served: ServedConnection) {
        self.handle = handle
        self.served = served
    }
}
