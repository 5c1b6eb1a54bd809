import GodwitSession
import GodwitWire
import NIOCore
import Testing

/// Found by seed 1,928 of an early version of the simulator.
@Suite struct HeldBackTests {
    private let now = NIODeadline.uptimeNanoseconds(1_000_000_000)

    /// All envelopes that a session has to send now.
    private func envelopes(of session: Session) -> [ByteBuffer] {
        var envelopes: [ByteBuffer] = []
        while let envelope = session.pollTransmit(now: now) { envelopes.append(envelope) }
        return envelopes
    }

    private func open(_ client: Session, on table: SessionTable) throws -> Session {
        client.carrierAttached(now: now)
        let open = try #require(envelopes(of: client).first)
        guard case .opened(let opened) = try table.open(open, now: now) else {
            throw SessionError.unexpected(envelope: "OPEN of another loop")
        }
        // OPENED only: what follows it is for the test to lose.
        try client.receive(#require(opened.session.pollTransmit(now: now)), now: now)
        return opened.session
    }

    @Test("a push held back for its lane is not acknowledged by a resume, so it survives the client's restart")
    func restartWhileHeldBack() throws {
        let table = SessionTable(loopIndex: 0, random: .seeded(1))
        let client = Session.client(ticket: nil, incarnation: 1)
        let server = try open(client, on: table)
        for text in ["first", "second"] {
            _ = try server.send(.push(.notify, lane: 1, body: ByteBuffer(string: text)), now: now)
        }
        // The carrier loses the first and dies.
        let sent = envelopes(of: server)
        try client.receive(#require(sent.last), now: now)
        #expect(client.heldBackCount == 1)
        client.carrierDetached(now: now)
        // It resumes, and dies again together with the client's process before the gap is filled.
        _ = try open(client, on: table)
        #expect(server.unacknowledgedCount == 2)

        let ticket = try #require(client.ticket)
        let restarted = Session.client(ticket: ticket, incarnation: 2)
        _ = try open(restarted, on: table)
        for envelope in envelopes(of: server) { try restarted.receive(envelope, now: now) }
        var texts: [String] = []
        while let event = restarted.pollEvent() {
            if case .message(let message) = event { texts.append(String(buffer: message.body)) }
        }
        #expect(texts == ["first", "second"])
    }
}
