import GodwitTLS
import GodwitTransport
import GodwitWire
import NIOCore

/// The identity of all test servers: making a key for each test would be most of the test's time.
enum TestTLS {
    static let identity = Result { () throws(TLSError) in try ServerIdentity.generate(commonName: "test.godwit") }
    static let server = Result { () throws(TLSError) in
        try TLSContext.server(identity: identity.get(), alpn: ["godwit/1"])
    }
    static let client = Result { () throws(TLSError) in
        try TLSContext.client(pins: [identity.get().pin], alpn: ["godwit/1"])
    }
}

/// A client and a server endpoint in memory, with a clock that jumps from event to event.
final class TransportPair {
    let client: Connection
    private(set) var endpoint: ServerEndpoint
    private(set) var handle: ConnectionHandle?
    var up: LossyPipe
    var down: LossyPipe
    /// Nothing comes through in either direction.
    var isCut: Bool {
        get { up.isCut && down.isCut }
        set {
            up.isCut = newValue
            down.isCut = newValue
        }
    }
    /// Makes the server's next life.
    private let makeEndpoint: (EndpointIdentity) throws -> ServerEndpoint
    let identity: EndpointIdentity
    private(set) var now = NIODeadline.uptimeNanoseconds(1_000_000_000)
    /// As the server sees the client.
    var clientAddress = Address(ipv4: 0xc000_0201, port: 40_000)
    static let serverAddress = Address(ipv4: 0xc633_6401, port: 443)

    var clientMessages: [ByteBuffer] = []
    var serverMessages: [ByteBuffer] = []
    var clientDatagrams: [ByteBuffer] = []
    var serverDatagrams: [ByteBuffer] = []
    /// Messages that came as early data; they are in `serverMessages` as well.
    var serverEarlyMessages: [ByteBuffer] = []
    var clientTicket: ResumptionTicket?
    var clientAcknowledged: [UInt64] = []
    var clientLate: [UInt64] = []
    var serverAcknowledged: [UInt64] = []
    var serverLate: [UInt64] = []
    var clientEstablished: NIODeadline?
    var serverEstablished: NIODeadline?
    var clientClosed: CloseReason?
    var serverClosed: CloseReason?
    var serverSawAddresses: [Address] = []
    var migrations: [MigrationCause] = []
    /// The server answers each message with the same.
    var serverEchoes = false
    /// The server's connection rests when it may.
    var serverRests = false
    /// What it had counted, each time.
    private(set) var restedFigures: [ConnectionStatistics] = []
    /// False for a server whose application has stopped listening.
    var serverTakesEvents = true
    /// Sees every datagram that a client or a server sends, with where it goes.
    var onClientDatagram: ((ByteBuffer) -> Void)?
    var onServerDatagram: ((ByteBuffer, Address) -> Void)?
    /// What the client has between itself and the server, if anything.
    var translator: Translator?

    init(
        seed: UInt64 = 1, clientConfiguration: TransportConfiguration = .client,
        serverConfiguration: TransportConfiguration = .server, clientTLS: TLSContext? = nil,
        limits: EndpointLimits = EndpointLimits(), serverTLS: TLSContext? = nil,
        resumption: TLSResumption? = nil, memory: PathMemory? = nil, identity: EndpointIdentity? = nil
    ) throws {
        let random = RandomSource.seeded(seed)
        up = LossyPipe(random: .seeded(random.next()))
        down = LossyPipe(random: .seeded(random.next()))
        let tls = try serverTLS ?? TestTLS.server.get()
        makeEndpoint = { identity in
            try ServerEndpoint(
                configuration: serverConfiguration, tls: tls, loopIndex: 0, limits: limits, identity: identity,
                random: random)
        }
        let identity = identity ?? .ephemeral(random)
        self.identity = identity
        endpoint = try makeEndpoint(identity)
        client = try Connection.client(
            configuration: clientConfiguration, tls: clientTLS ?? TestTLS.client.get(), serverName: nil,
            remote: Self.serverAddress, random: random, resumption: resumption, memory: memory, now: now)
    }

    /// The server's process is killed and started again; with another identity it is not the same server.
    func restartServer(as other: EndpointIdentity? = nil) throws {
        endpoint = try makeEndpoint(other ?? identity)
        handle = nil
    }

    private var served: ServedConnection? { handle.flatMap { endpoint.connection($0) } }
    /// To ask for it is to wake it.
    var server: Connection? { served?.connection }
    var serverIsAwake: Bool { served?.awake != nil }

    func setLoss(_ loss: Double) {
        up.loss = loss
        down.loss = loss
    }

    /// Runs until nothing happens any more, `condition` holds, or `limit` has passed.
    @discardableResult
    func run(for limit: TimeAmount, until condition: () -> Bool = { false }) -> Bool {
        let end = now + limit
        pump()
        while !condition() {
            guard let next = nextInstant, next <= end else {
                now = end
                pump()
                return condition()
            }
            now = max(now, next)
            step()
            pump()
        }
        return true
    }

    private var nextInstant: NIODeadline? {
        [up.nextArrival, down.nextArrival, client.pollTimeout(), served?.pollTimeout()].compactMap { $0 }.min()
    }

    private func step() {
        while let (datagram, mark) = up.receive(now: now) {
            deliverToServer(datagram, from: clientAddress, mark: mark)
        }
        while let (datagram, mark) = down.receive(now: now) {
            client.receive(datagram, from: Self.serverAddress, mark: mark, now: now)
        }
        if let deadline = client.pollTimeout(), deadline <= now { client.handleTimeout(now: now) }
        if let served, let deadline = served.pollTimeout(), deadline <= now {
            served.connection.handleTimeout(now: now)
        }
    }

    func deliverToServer(_ datagram: ByteBuffer, from source: Address, mark: ECNCodepoint = .notCapable) {
        switch endpoint.receive(datagram, from: source, mark: mark, now: now) {
        case .connection(let handle): self.handle = handle
        case .reply(let reply): if source == clientAddress { down.send(reply, now: now) }
        case .loop, .dropped: break
        }
    }

    /// Events out of both ends, then datagrams into the pipes.
    func pump() {
        pollClientEvents()
        pollServerEvents()
        var datagram = ByteBuffer()
        while client.pollTransmit(now: now, into: &datagram) != nil {
            onClientDatagram?(datagram)
            translator?.passOut(&clientAddress, now: now)
            up.send(datagram, mark: client.transmitMark, now: now)
        }
        while let server = served?.awake, let destination = server.pollTransmit(now: now, into: &datagram) {
            onServerDatagram?(datagram, destination)
            // An address that the client has left leads nowhere.
            if destination == clientAddress, translator?.letsIn(now: now) ?? true {
                down.send(datagram, mark: server.transmitMark, now: now)
            }
        }
        if serverRests, let handle, let figures = endpoint.rest(handle) { restedFigures.append(figures) }
    }

    /// The server's owner forgets the connection.
    func removeServer() {
        if let handle { endpoint.remove(handle) }
        handle = nil
    }

    private func pollClientEvents() {
        while let event = client.pollEvent() {
            switch event {
            case .established: clientEstablished = now
            case .message(let message): clientMessages.append(message)
            case .datagram(let datagram): clientDatagrams.append(datagram)
            case .messageAcknowledged(let id): clientAcknowledged.append(id)
            case .messageLate(let id): clientLate.append(id)
            case .ticket(let ticket): clientTicket = ticket
            case .remoteAddressChanged, .earlyMessage: break
            case .closed(let reason): clientClosed = reason
            }
        }
    }

    private func pollServerEvents() {
        guard let server = served?.awake, serverTakesEvents else { return }
        while let event = server.pollEvent() {
            switch event {
            case .established: serverEstablished = now
            case .message(let message): serverReceived(message)
            case .earlyMessage(let message):
                serverEarlyMessages.append(message)
                serverReceived(message)
            case .ticket: break
            case .datagram(let datagram): serverDatagrams.append(datagram)
            case .messageAcknowledged(let id): serverAcknowledged.append(id)
            case .messageLate(let id): serverLate.append(id)
            case .remoteAddressChanged(let address, let cause):
                serverSawAddresses.append(address)
                migrations.append(cause)
            case .closed(let reason): serverClosed = reason
            }
        }
    }

    private func serverReceived(_ message: ByteBuffer) {
        serverMessages.append(message)
        if serverEchoes { _ = try? server?.send(message, now: now) }
    }

    /// Both ends established and settled.
    func connect() {
        run(for: .seconds(10)) { clientEstablished != nil && serverEstablished != nil }
        run(for: .milliseconds(200))
    }

    func sendFromClient(_ message: ByteBuffer) throws -> UInt64 { try client.send(message, now: now) }

    func sendFromServer(_ message: ByteBuffer) throws -> UInt64? { try server?.send(message, now: now) }
}

/// Bytes that tell where they are and whose, so that a wrong one shows.
func testMessage(_ count: Int, seed: UInt64) -> ByteBuffer {
    var buffer = ByteBuffer()
    buffer.reserveCapacity(count + 8)
    var state = seed &* 0x9e37_79b9_7f4a_7c15 | 1
    while buffer.readableBytes < count {
        state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
        buffer.writeInteger(state)
    }
    buffer.moveWriterIndex(to: count)
    return buffer
}
