import GodwitWire
import NIOCore
import Testing

@testable import GodwitSession

@Suite("Messages that go with OPEN")
struct EarlyMessageTests {
    private func request(_ text: String, _ early: EarlyUse, lane: UInt64? = nil) -> OutgoingMessage {
        OutgoingMessage(
            kind: .request(command: Command.echo.rawValue), lane: lane, body: ByteBuffer(string: text), early: early)
    }

    @Test("a new client's first requests are there with its OPEN, once")
    func fresh() throws {
        let pair = SessionPair()
        for text in ["a", "b"] { try pair.client.send(request(text, .always), now: pair.now) }
        try pair.attach()
        #expect(SessionPair.texts(pair.server) == ["a", "b"])
        try pair.client.send(request("c", .never), now: pair.now)
        try pair.exchange()
        #expect(SessionPair.texts(pair.server) == ["c"])
        #expect(pair.client.unacknowledgedCount <= 1 && pair.client.statistics.messagesSentAgain == 0)
    }

    @Test("requests that a new session could not judge wait for the answer, and all behind them")
    func waits() throws {
        let pair = SessionPair()
        for (text, early) in [("a", EarlyUse.always), ("b", .inKnownSession), ("c", .always)] {
            try pair.client.send(request(text, early), now: pair.now)
        }
        try pair.attach()
        #expect(SessionPair.texts(pair.server) == ["a"])
        try pair.exchange()
        #expect(SessionPair.texts(pair.server) == ["b", "c"])
    }

    @Test("a session that goes on takes them where its numbering ended")
    func resumed() throws {
        let pair = SessionPair()
        try pair.attach()
        try pair.exchange()
        pair.detach()
        for text in ["a", "b"] { try pair.client.send(request(text, .inKnownSession, lane: 1), now: pair.now) }
        #expect(try pair.attach().resumption == .resumed)
        let messages = SessionPair.messages(pair.server)
        #expect(messages.map { String(buffer: $0.body) } == ["a", "b"] && messages.allSatisfy(\.isEarly))
        try pair.exchange()
        #expect(SessionPair.texts(pair.server).isEmpty)
        #expect(pair.client.unacknowledgedCount == 0)
    }

    @Test("another session ignores a numbering that it does not know, and gets everything afterwards")
    func sessionLost() throws {
        let pair = SessionPair()
        let opened = try pair.attach()
        try pair.exchange()
        pair.detach()
        pair.table.remove(opened.id)
        try pair.client.send(request("a", .inKnownSession), now: pair.now)
        #expect(try pair.attach().resumption == .new)
        #expect(SessionPair.texts(pair.server).isEmpty)
        try pair.exchange()
        #expect(SessionPair.texts(pair.server) == ["a"])
    }

    @Test("when the answer is lost, the next OPEN brings them again and the session that had them knows them")
    func answerLost() throws {
        let pair = SessionPair()
        try pair.attach()
        try pair.exchange()
        pair.detach()
        try pair.client.send(request("a", .always), now: pair.now)
        try pair.attach()
        #expect(SessionPair.texts(pair.server) == ["a"])
        pair.detach()
        try pair.attach()
        #expect(SessionPair.texts(pair.server).isEmpty)
        #expect(pair.server?.statistics.duplicatesDropped == 1)
    }

    @Test("no more than fits two datagrams goes early")
    func bounded() throws {
        let pair = SessionPair()
        let text = String(repeating: "x", count: 400)
        for _ in 0..<4 { try pair.client.send(request(text, .always), now: pair.now) }
        try pair.attach()
        #expect(SessionPair.texts(pair.server).count == 2)
        try pair.exchange()
        #expect(SessionPair.texts(pair.server).count == 2)
    }

    @Test("an answer that claims more than was sent is refused")
    func lyingServer() throws {
        let pair = SessionPair()
        try pair.client.send(request("a", .always), now: pair.now)
        pair.client.carrierAttached(now: pair.now)
        _ = pair.client.pollTransmit(now: pair.now)
        let ticket = SessionTicket(id: SessionID(rawValue: 1), secret: TicketSecret(high: 1, low: 1))
        var answer = ByteBuffer()
        Envelope.opened(OpenedEnvelope(outcome: .new(ticket), newestDictionary: 0, earlyReceived: 2))
            .encode(into: &answer)
        #expect(throws: SessionError.acknowledgementOfUnsent(acknowledged: 2, lastSent: 1)) {
            try pair.client.receive(answer, now: pair.now)
        }
    }

    @Test("an early message that cannot be read leaves the session without a carrier, and whole")
    func badBody() throws {
        let pair = SessionPair()
        try pair.attach()
        try pair.exchange()
        pair.detach()
        let ticket = try #require(pair.client.ticket)
        let bad = DataEnvelope(
            kind: .request(command: 1), sequence: 1, acknowledgement: nil, dictionary: 1,
            body: ByteBuffer(bytes: [0xff, 0xff, 0xff]))
        var open = ByteBuffer()
        Envelope.open(
            OpenEnvelope(
                incarnation: 11, attempt: 2, newestDictionary: 1,
                resumption: .init(ticket: ticket, received: AckState()), early: .init(isFresh: false, messages: [bad]))
        ).encode(into: &open)
        #expect(throws: SessionError.self) { try pair.table.open(open, now: pair.now) }
        #expect(pair.server?.isAttached == false)
    }
}
