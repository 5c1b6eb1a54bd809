import GodwitTLS
import GodwitTransport
import GodwitWire
import NIOCore

/// A client and a server endpoint without a network between them.
final class FuzzPair {
    static let clientAddress = Address(ipv4: 0x7f00_0001, port: 9)
    static let serverAddress = Address(ipv4: 0x7f00_0001, port: 443)

    let client: Connection
    private let endpoint: ServerEndpoint
    private var handle: ConnectionHandle?
    private(set) var ticket: ResumptionTicket?
    let now: NIODeadline

    init(ticket: ResumptionTicket? = nil, now: NIODeadline = .uptimeNanoseconds(1_000_000_000)) {
        guard let serverTLS = FuzzIdentity.server, let clientTLS = FuzzIdentity.client else {
            preconditionFailure("no identity")
        }
        self.now = now
        do {
            var configuration = TransportConfiguration.server
            configuration.restDelay = .milliseconds(1)
            endpoint = try ServerEndpoint(
                configuration: configuration, tls: serverTLS, loopIndex: 0, limits: EndpointLimits(), random: .seeded(1)
            )
            client = try Connection.client(
                configuration: .client, tls: clientTLS, serverName: nil, remote: Self.serverAddress,
                random: .seeded(2), resumption: ticket.map { TLSResumption(ticket: $0, age: .seconds(1)) }, now: now)
        } catch {
            preconditionFailure("\(error)")
        }
    }

    private var served: ServedConnection? { handle.flatMap { endpoint.connection($0) } }
    /// To ask for it is to wake it.
    var server: Connection? { served?.connection }

    /// It rests if it may.
    func restServer() {
        if let handle { _ = endpoint.rest(handle) }
    }

    /// Both ends established, the client with a ticket.
    func connect() {
        for _ in 0..<8 where client.state == .handshaking || server?.state != .established || ticket == nil {
            passUp()
            passDown()
        }
        precondition(client.state == .established && server?.state == .established, "no handshake")
    }

    /// The server has the client's first flight with early data in it, and has not answered.
    func beginWithEarlyData() {
        _ = try? client.send(ByteBuffer(string: "early"), now: now)
        passUp()
    }

    private func passUp() {
        var datagram = ByteBuffer()
        while client.pollTransmit(now: now, into: &datagram) != nil {
            if case .connection(let handle) = endpoint.receive(datagram, from: Self.clientAddress, now: now) {
                self.handle = handle
            }
        }
    }

    private func passDown() {
        var datagram = ByteBuffer()
        while server?.pollTransmit(now: now, into: &datagram) != nil {
            client.receive(datagram, from: Self.serverAddress, now: now)
        }
        while let event = client.pollEvent() {
            if case .ticket(let ticket) = event { self.ticket = ticket }
        }
        while server?.pollEvent() != nil {}
    }
}
