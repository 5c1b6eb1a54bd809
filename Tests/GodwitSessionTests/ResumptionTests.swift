import GodwitWire
import NIOCore
import Testing

@testable import GodwitSession

@Suite("Resumption")
struct ResumptionTests {
    private func request(_ text: String, lane: UInt64? = nil) -> OutgoingMessage {
        .request(.echo, lane: lane, body: ByteBuffer(string: text))
    }

    @Test("the first OPEN makes a session whose name tells its loop, and the client learns its ticket")
    func first() throws {
        let pair = SessionPair()
        let opened = try pair.attach()
        #expect(opened.resumption == .new)
        #expect(opened.id.loop == 3)
        try pair.exchange()
        let ticket = try #require(pair.client.ticket)
        #expect(SessionPair.drain(pair.client) == [.opened(.new, ticket: ticket)])
        #expect(ticket.id == opened.id)
    }

    @Test("after a lost carrier only what the server lacks is sent again, and the answer comes on the new carrier")
    func onlyTheRest() throws {
        let pair = SessionPair()
        try pair.attach()
        try pair.exchange()
        let first = try pair.client.send(request("one"), now: pair.now)
        try pair.client.send(request("two"), now: pair.now)
        let arriving = try #require(pair.client.pollTransmit(now: pair.now))
        try pair.server?.receive(arriving, now: pair.now)
        _ = pair.client.pollTransmit(now: pair.now)  // "two" is lost
        let received = try #require(SessionPair.messages(pair.server).first)
        pair.detach()
        // The server's application answers while nobody is connected.
        try pair.server?.send(.response(to: received.id, body: ByteBuffer(string: "one!")), now: pair.now)
        #expect(try pair.attach().resumption == .resumed)
        try pair.exchange()
        #expect(pair.client.statistics.messagesSentAgain == 1)
        #expect(SessionPair.texts(pair.server) == ["two"])
        let events = SessionPair.drain(pair.client)
        #expect(events.contains(.acknowledged(first)))
        let answer = try #require(
            events.compactMap { if case .message(let message) = $0 { message } else { nil } }.first)
        #expect(answer.kind == .response(to: first, status: 0))
        #expect(String(buffer: answer.body) == "one!")
    }

    @Test("a ticket that the server does not know makes a new session, where requests keep identity and order")
    func unknownTicket() throws {
        let pair = SessionPair()
        let old = try pair.attach()
        try pair.exchange()
        let taken = try pair.client.send(request("taken"), now: pair.now)
        try pair.exchange()
        pair.now = pair.now + .seconds(5)
        pair.server?.handleTimeout(now: pair.now)
        try pair.exchange()
        #expect(pair.client.unacknowledgedCount == 0)
        pair.detach()
        pair.table.remove(old.id)
        let kept = try pair.client.send(request("kept", lane: 1), now: pair.now)
        try pair.client.send(request("behind it", lane: 1), now: pair.now)
        _ = SessionPair.drain(pair.client)
        let opened = try pair.attach()
        #expect(opened.resumption == .new)
        #expect(opened.id != old.id)
        #expect(pair.table.statistics.unknownTickets == 1)
        try pair.exchange()
        let ticket = try #require(pair.client.ticket)
        #expect(
            SessionPair.drain(pair.client) == [.abandoned(taken, .sessionReplaced), .opened(.new, ticket: ticket)])
        let messages = SessionPair.messages(pair.server)
        #expect(messages.map { String(buffer: $0.body) } == ["kept", "behind it"])
        let question = try #require(messages.first)
        try pair.server?.send(.response(to: question.id, body: ByteBuffer()), now: pair.now)
        try pair.exchange()
        let answers = SessionPair.messages(pair.client)
        #expect(answers.map(\.kind) == [.response(to: kept, status: 0)])
    }

    @Test("a right name with a wrong secret gets a new session, not the old one")
    func wrongSecret() throws {
        let pair = SessionPair()
        let old = try pair.attach()
        try pair.exchange()
        let forged = SessionTicket(id: old.id, secret: TicketSecret(high: 1, low: 2))
        pair.client = Session.client(ticket: forged, incarnation: 5)
        let opened = try pair.attach()
        #expect(opened.resumption == .new)
        #expect(opened.id != old.id)
        #expect(pair.table.statistics.wrongSecrets == 1)
        #expect(pair.table[old.id]?.isAttached == true)
    }

    @Test("another process of the same client gets the session, and an answer to the former process goes nowhere")
    func restarted() throws {
        let pair = SessionPair()
        let old = try pair.attach()
        try pair.exchange()
        try pair.client.send(request("asked by the former process"), now: pair.now)
        try pair.exchange()
        let question = try #require(SessionPair.messages(pair.server).first)
        pair.client = Session.client(ticket: pair.client.ticket, incarnation: 12)
        let opened = try pair.attach()
        #expect(opened.resumption == .restarted)
        #expect(opened.id == old.id)
        #expect(opened.supersededCarrier)
        try pair.exchange()
        #expect(throws: SessionSendError.requestGone(question.id)) {
            try opened.session.send(.response(to: question.id, body: ByteBuffer()), now: pair.now)
        }
        try pair.client.send(request("asked by this process"), now: pair.now)
        try pair.exchange()
        let next = try #require(SessionPair.messages(pair.server).first)
        #expect(next.id > question.id)
    }

    @Test("when the answer to a restarted client's OPEN is lost, the next OPEN still reports a restart")
    func restartWithLostAnswer() throws {
        let pair = SessionPair()
        try pair.attach()
        try pair.exchange()
        let ticket = try #require(pair.client.ticket)
        pair.client = Session.client(ticket: ticket, incarnation: 12)
        #expect(try pair.attach().resumption == .restarted)
        pair.client.carrierDetached(now: pair.now)
        #expect(try pair.attach().resumption == .resumed)
        try pair.exchange()
        #expect(SessionPair.drain(pair.client) == [.opened(.restarted, ticket: ticket)])
    }

    @Test("a newer OPEN supersedes the carrier; the old carrier's end then changes nothing")
    func superseded() throws {
        let pair = SessionPair()
        let old = try pair.attach()
        try pair.exchange()
        pair.client.carrierDetached(now: pair.now)
        let new = try pair.attach()
        #expect(new.supersededCarrier)
        #expect(new.session === old.session)
        new.session.carrierDetached(attachment: old.attachment, now: pair.now)
        #expect(new.session.isOpen)
        new.session.carrierDetached(attachment: new.attachment, now: pair.now)
        #expect(!new.session.isOpen)
    }

    @Test("an OPEN that arrives after a newer one of the same process is refused and displaces nothing")
    func staleOpen() throws {
        let pair = SessionPair()
        try pair.attach()
        try pair.exchange()
        pair.client.carrierAttached(now: pair.now)
        let late = try #require(pair.client.pollTransmit(now: pair.now))
        let newer = try pair.attach()
        #expect(throws: SessionError.staleOpen(attempt: 2, newest: 3)) { try pair.table.open(late, now: pair.now) }
        #expect(newer.session.attachment == newer.attachment)
        #expect(newer.session.isOpen)
    }

    @Test("messages that overtake OPENED wait for it")
    func overtaking() throws {
        let pair = SessionPair()
        try pair.attach()
        try pair.exchange()
        pair.detach()
        try pair.attach()
        let server = try #require(pair.server)
        try server.send(.push(.notify, body: ByteBuffer(string: "fast")), now: pair.now)
        let opened = try #require(server.pollTransmit(now: pair.now))
        let push = try #require(server.pollTransmit(now: pair.now))
        _ = SessionPair.drain(pair.client)
        try pair.client.receive(push, now: pair.now)
        #expect(SessionPair.drain(pair.client).isEmpty)
        try pair.client.receive(opened, now: pair.now)
        #expect(SessionPair.texts(pair.client) == ["fast"])
    }

    @Test("close ends the session on both sides, and the next OPEN makes a new one")
    func close() throws {
        let pair = SessionPair()
        let opened = try pair.attach()
        try pair.exchange()
        _ = SessionPair.drain(pair.client)
        opened.session.close(code: 1, text: "logged out")
        let envelope = try #require(opened.session.pollTransmit(now: pair.now))
        try pair.client.receive(envelope, now: pair.now)
        #expect(SessionPair.drain(pair.client) == [.closed(code: 1, text: "logged out")])
        #expect(pair.client.ticket == nil)
        #expect(throws: SessionSendError.closed) { try pair.client.send(request("x"), now: pair.now) }
    }

    @Test("a pong tells the round trip")
    func ping() throws {
        let pair = SessionPair()
        try pair.attach()
        try pair.exchange()
        _ = SessionPair.drain(pair.client)
        pair.client.ping(now: pair.now)
        let ping = try #require(pair.client.pollTransmit(now: pair.now))
        try pair.server?.receive(ping, now: pair.now)
        pair.now = pair.now + .milliseconds(80)
        try pair.exchange()
        #expect(SessionPair.drain(pair.client) == [.pong(roundTrip: .milliseconds(80))])
    }
}
