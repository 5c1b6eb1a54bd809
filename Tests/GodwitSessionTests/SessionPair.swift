import GodwitWire
import NIOCore
import Testing

@testable import GodwitSession

/// A client's end and a server's table, joined by a carrier that does everything right.
final class SessionPair {
    let table: SessionTable
    var client: Session
    var server: Session?
    var now = NIODeadline.uptimeNanoseconds(1_000_000_000)
    /// Bytes of envelopes each way.
    private(set) var bytesUp = 0
    private(set) var bytesDown = 0

    init(
        table configuration: SessionTableConfiguration = SessionTableConfiguration(),
        client session: SessionConfiguration = SessionConfiguration()
    ) {
        table = SessionTable(configuration: configuration, loopIndex: 3, random: .seeded(7))
        client = Session.client(configuration: session, ticket: nil, incarnation: 11)
    }

    /// A new carrier from the client to the table. Returns what the table made of it.
    @discardableResult
    func attach() throws -> OpenedSession {
        client.carrierAttached(now: now)
        let open = try #require(client.pollTransmit(now: now))
        guard case .opened(let opened) = try table.open(open, now: now) else { throw WrongLoop() }
        server = opened.session
        return opened
    }

    struct WrongLoop: Error {}

    /// Moves envelopes both ways until nobody has any.
    func exchange() throws {
        guard let server else { return }
        client.handleTimeout(now: now)
        server.handleTimeout(now: now)
        var moved = true
        while moved {
            moved = false
            while let envelope = client.pollTransmit(now: now) {
                bytesUp += envelope.readableBytes
                try server.receive(envelope, now: now)
                moved = true
            }
            while let envelope = server.pollTransmit(now: now) {
                bytesDown += envelope.readableBytes
                try client.receive(envelope, now: now)
                moved = true
            }
        }
    }

    func detach() {
        client.carrierDetached(now: now)
        server?.carrierDetached(now: now)
    }

    func countFromHere() {
        bytesUp = 0
        bytesDown = 0
    }

    static func drain(_ session: Session?) -> [SessionEvent] {
        var events: [SessionEvent] = []
        while let event = session?.pollEvent() { events.append(event) }
        return events
    }

    static func messages(_ session: Session?) -> [IncomingMessage] {
        drain(session).compactMap { if case .message(let message) = $0 { message } else { nil } }
    }

    static func texts(_ session: Session?) -> [String] { messages(session).map { String(buffer: $0.body) } }
}
