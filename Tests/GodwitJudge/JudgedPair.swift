import GodwitSimulation
import GodwitTLS
import GodwitTransport
import GodwitWire
import HeapModule
import NIOCore

/// A client and a server endpoint over two netem links, in virtual time.
final class JudgedPair {
    let client: Connection
    private let endpoint: ServerEndpoint
    private var handle: ConnectionHandle?
    private(set) var up: NetemLink
    private(set) var down: NetemLink
    private(set) var now = NIODeadline.uptimeNanoseconds(3_600_000_000_000)
    private var flights = Heap<Flight>()
    private var order = 0
    /// Nothing passes while this is set.
    var isCut = false
    /// Sees each datagram: whether it goes up, its bytes, when it leaves, and when it arrives, if it does.
    var onDatagram: ((Bool, Int, NIODeadline, NIODeadline?) -> Void)?

    var onClientMessage: (ByteBuffer, NIODeadline) -> Void = { _, _ in }
    /// The server always has images to send, of this urgency.
    var images: Urgency?
    /// What the server answers to a message, if anything.
    var serverAnswers: (ByteBuffer, NIODeadline) -> ByteBuffer? = { message, _ in message }

    private static let clientAddress = Address(ipv4: 0xc000_0201, port: 40_000)
    private static let serverAddress = Address(ipv4: 0xc633_6401, port: 443)

    private struct Flight: Comparable {
        let arrival: NIODeadline
        let order: Int
        let isUp: Bool
        let datagram: ByteBuffer

        static func < (a: Flight, b: Flight) -> Bool { (a.arrival, a.order) < (b.arrival, b.order) }
        static func == (a: Flight, b: Flight) -> Bool { a.order == b.order }
    }

    init(
        _ network: JudgedNetwork, seed: UInt64, server serverConfiguration: TransportConfiguration = .server,
        memory: PathMemory? = nil
    ) throws {
        // Connecting is not what is judged, and here no other attempt runs beside.
        var (clientConfiguration, serverConfiguration) = (TransportConfiguration.client, serverConfiguration)
        clientConfiguration.handshakeTimeout = .seconds(20)
        serverConfiguration.handshakeTimeout = .seconds(20)
        let random = RandomSource.seeded(seed)
        up = NetemLink(profile: network.profile.up, limit: network.queueLimit, random: .seeded(random.next()))
        down = NetemLink(profile: network.profile.down, limit: network.queueLimit, random: .seeded(random.next()))
        endpoint = try ServerEndpoint(
            configuration: serverConfiguration, tls: SimulatedTLS.server(random: random), loopIndex: 0,
            limits: EndpointLimits(),
            random: random)
        client = try Connection.client(
            configuration: clientConfiguration, tls: SimulatedTLS.client.get(), serverName: nil,
            remote: Self.serverAddress, random: random, memory: memory, now: now)
    }

    /// So many packets have gone before, each way.
    func wear(packets: Int) {
        up.wear(packets: packets)
        down.wear(packets: packets)
    }

    private var served: ServedConnection? { handle.flatMap { endpoint.connection($0) } }
    /// To ask for it is to wake it.
    var server: Connection? { served?.connection }
    private(set) var isEstablished = false

    /// Runs until `end`, or until `condition` holds.
    @discardableResult
    func run(until end: NIODeadline, or condition: () -> Bool = { false }) -> Bool {
        pump()
        while !condition() {
            let next = [flights.min?.arrival, client.pollTimeout(), served?.pollTimeout()].compactMap(\.self).min()
            guard let next, next <= end else {
                now = max(now, end)
                return condition()
            }
            now = max(now, next)
            step()
            pump()
        }
        return true
    }

    private func step() {
        while let flight = flights.min, flight.arrival <= now {
            flights.removeMin()
            guard !isCut else { continue }
            if flight.isUp {
                if case .connection(let handle) = endpoint.receive(flight.datagram, from: Self.clientAddress, now: now)
                {
                    self.handle = handle
                }
            } else {
                client.receive(flight.datagram, from: Self.serverAddress, now: now)
            }
            pump()
        }
        if let deadline = client.pollTimeout(), deadline <= now { client.handleTimeout(now: now) }
        if let served, let deadline = served.pollTimeout(), deadline <= now {
            served.connection.handleTimeout(now: now)
        }
    }

    /// Events out of both ends, then datagrams into the links.
    func pump() {
        while let event = client.pollEvent() {
            switch event {
            case .established: isEstablished = true
            case .message(let message): onClientMessage(message, now)
            case .datagram, .earlyMessage, .ticket, .messageAcknowledged, .messageLate, .remoteAddressChanged, .closed:
                break
            }
        }
        while let server = served?.awake, let event = server.pollEvent() {
            guard case .message(let message) = event, let answer = serverAnswers(message, now) else { continue }
            _ = try? server.send(answer, now: now)
        }
        if let images, let server { keepBusy(server, urgency: images) }
        transmit(client, isUp: true)
        if let server = served?.awake { transmit(server, isUp: false) }
        if let handle { _ = endpoint.rest(handle) }
    }

    /// An image of 200 KB on its way and one behind it.
    private func keepBusy(_ server: Connection, urgency: Urgency) {
        let room = TransportConfiguration.server.maximumQueuedBytes
        while room - server.sendCapacityBytes() < 2 * Self.image.readableBytes {
            guard (try? server.send(Self.image, urgency: urgency, now: now)) != nil else { return }
        }
    }

    private static let image = ByteBuffer(repeating: 0x62, count: 200_000)

    private func transmit(_ connection: Connection, isUp: Bool) {
        while true {
            var datagram = ByteBuffer()
            guard connection.pollTransmit(now: now, into: &datagram) != nil else { return }
            let bytes = datagram.readableBytes
            let arrival =
                isUp
                ? up.transmit(payloadBytes: bytes, now: now) : down.transmit(payloadBytes: bytes, now: now)
            if let onDatagram { onDatagram(isUp, bytes, now, isCut ? nil : arrival) }
            guard let arrival, !isCut else { continue }
            order += 1
            flights.insert(Flight(arrival: arrival, order: order, isUp: isUp, datagram: datagram))
        }
    }

    /// Prints each datagram and what became of it, with times in ms after `start`.
    func narrate(from start: NIODeadline) {
        onDatagram = { isUp, bytes, now, arrival in
            let fate = arrival.map { "arrives " + fixed(Double(($0 - start).nanoseconds) / 1e6, 0) } ?? "lost"
            print(fixed(Double((now - start).nanoseconds) / 1e6, 0), isUp ? "up  " : "down", bytes, fate)
        }
    }
}
