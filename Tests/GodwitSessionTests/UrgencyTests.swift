import GodwitWire
import NIOCore
import Testing

@testable import GodwitSession

/// What goes first, what is given up, and that lanes keep their order through both.
@Suite("Urgency, cancelling, deadlines")
struct UrgencyTests {
    private func request(
        _ text: String, lane: UInt64? = nil, urgency: Urgency = .text, deadline: NIODeadline = .distantFuture
    ) -> OutgoingMessage {
        OutgoingMessage(
            kind: .request(command: 1), lane: lane, body: ByteBuffer(string: text), urgency: urgency, deadline: deadline
        )
    }

    private func connected() throws -> SessionPair {
        let pair = SessionPair()
        try pair.attach()
        try pair.exchange()
        _ = SessionPair.drain(pair.client)
        return pair
    }

    @Test("the usual urgency follows the command and the size")
    func usual() {
        #expect(Urgency.usual(command: Command.login.rawValue, bytes: 100) == .control)
        #expect(Urgency.usual(command: Command.send.rawValue, bytes: 100) == .text)
        #expect(Urgency.usual(command: Command.send.rawValue, bytes: 100_000) == .media)
        #expect(Urgency.usual(command: Command.tunnel.rawValue, bytes: 50) == .text)
        #expect(Urgency.usual(command: Command.tunnel.rawValue, bytes: 8_192) == .media)
        #expect(Urgency.usual(command: 9_999, bytes: 4_096) == .text)
        #expect(Urgency.usual(command: nil, bytes: 4_097) == .media)
    }

    @Test("on a carrier that keeps order, what hurries goes before all that the carrier has not taken")
    func overtaking() throws {
        let pair = try connected()
        for number in 0..<3 { try pair.client.send(request("image \(number)", urgency: .media), now: pair.now) }
        // The carrier has room for one.
        let first = try #require(pair.client.pollTransmit(now: pair.now))
        try pair.client.send(request("hello"), now: pair.now)
        try pair.client.send(request("log in", urgency: .control), now: pair.now)
        try pair.server?.receive(first, now: pair.now)
        try pair.exchange()
        #expect(SessionPair.texts(pair.server) == ["image 0", "log in", "hello", "image 1", "image 2"])
    }

    @Test("an acknowledgement that rode on an envelope that the carrier gave up is told with the news of that")
    func acknowledgementOfTheLate() throws {
        let pair = try connected()
        let server = try #require(pair.server)
        try server.send(OutgoingMessage(kind: .push(command: 1), body: ByteBuffer(string: "news")), now: pair.now)
        try pair.exchange()
        #expect(SessionPair.texts(pair.client) == ["news"] && server.unacknowledgedCount == 1)
        try pair.client.send(request("too late", deadline: pair.now + .milliseconds(300)), now: pair.now)
        let envelope = try #require(pair.client.pollEnvelope(now: pair.now))
        pair.client.carrierTook(envelope, as: 5)
        // It never arrives.
        pair.now = pair.now + .milliseconds(300)
        pair.client.handleTimeout(now: pair.now)
        #expect(pair.client.pollGivenUp() == 5)
        try pair.exchange()
        #expect(SessionPair.texts(server).isEmpty)
        #expect(server.unacknowledgedCount == 0)
        #expect(pair.client.pollTimeout() == nil)
    }

    @Test("a carrier without room for media takes the rest")
    func roomByUrgency() throws {
        let pair = try connected()
        try pair.client.send(request("image", urgency: .media), now: pair.now)
        try pair.client.send(request("hello"), now: pair.now)
        let envelope = try #require(pair.client.pollEnvelope(downTo: .text, now: pair.now))
        #expect(envelope.urgency == .text)
        #expect(pair.client.pollEnvelope(downTo: .text, now: pair.now) == nil)
        #expect(pair.client.pollEnvelope(now: pair.now)?.urgency == .media)
    }

    @Test("a lane keeps its order whatever its messages' urgencies", arguments: 1...20)
    func lanes(seed: UInt64) throws {
        let random = RandomSource.seeded(seed)
        let pair = try connected()
        var sent: [UInt64: [String]] = [:]
        var received: [UInt64: [String]] = [:]
        for number in 0..<200 {
            let lane = random.next() % 3
            let text = "\(lane) \(number)"
            sent[lane, default: []].append(text)
            try pair.client.send(
                request(text, lane: lane, urgency: Urgency.allCases[Int(random.next() % 3)]), now: pair.now)
            if random.next() % 3 == 0, let envelope = pair.client.pollTransmit(now: pair.now) {
                try pair.server?.receive(envelope, now: pair.now)
            }
        }
        try pair.exchange()
        for text in SessionPair.texts(pair.server) {
            received[UInt64(text.prefix(1)) ?? 9, default: []].append(text)
        }
        #expect(received == sent, "seed \(seed)")
    }

    @Test("media leave room in the queue and in the window to the rest")
    func mediaLeaveRoom() throws {
        let pair = try connected()
        let image = ByteBuffer(repeating: 1, count: 250_000)
        let media = OutgoingMessage(kind: .request(command: 1), body: image, compressible: false, urgency: .media)
        #expect(throws: SessionSendError.self) {
            for _ in 0..<100 { try pair.client.send(media, now: pair.now) }
        }
        try pair.client.send(request("hello"), now: pair.now)
        var envelopes: [SessionEnvelope] = []
        while let envelope = pair.client.pollEnvelope(now: pair.now) { envelopes.append(envelope) }
        #expect(envelopes.count { $0.urgency == .media } == 12)
        try pair.client.send(request("still there?"), now: pair.now)
        #expect(pair.client.pollEnvelope(now: pair.now)?.urgency == .text)
    }

    @Test("a message that no carrier was given is cancelled without a trace")
    func cancelUnsent() throws {
        let pair = try connected()
        let id = try pair.client.send(request("never mind", lane: 1), now: pair.now)
        try pair.client.send(request("hello", lane: 1), now: pair.now)
        pair.client.cancel(id)
        pair.client.cancel(id)
        try pair.exchange()
        #expect(SessionPair.texts(pair.server) == ["hello"])
        #expect(pair.server?.statistics.messagesWithdrawnByPeer == 0)
        #expect(pair.client.statistics.messagesCancelled == 1)
        #expect(pair.client.unansweredCount == 1)
        #expect(SessionPair.drain(pair.client).isEmpty)
    }

    @Test("a message under way is withdrawn: its carrier is told, its lane goes on, and it has no other end")
    func cancelUnderWay() throws {
        let pair = try connected()
        let id = try pair.client.send(request("upload", lane: 1, urgency: .media), now: pair.now)
        let upload = try #require(pair.client.pollEnvelope(now: pair.now))
        pair.client.carrierTook(upload, as: 77)
        try pair.client.send(request("hello", lane: 1), now: pair.now)
        let hello = try #require(pair.client.pollEnvelope(now: pair.now))
        try pair.server?.receive(hello.bytes, now: pair.now)
        #expect(pair.server?.heldBackCount == 1)
        pair.client.cancel(id)
        #expect(pair.client.pollGivenUp() == 77)
        #expect(pair.client.pollGivenUp() == nil)
        try pair.exchange()
        #expect(SessionPair.texts(pair.server) == ["hello"])
        #expect(pair.server?.statistics.messagesWithdrawnByPeer == 1)
        // It was only late on the carrier: nothing comes of it.
        try pair.server?.receive(upload.bytes, now: pair.now)
        #expect(SessionPair.texts(pair.server) == [])
        pair.now = pair.now + .seconds(2)
        try pair.exchange()
        #expect(pair.client.unacknowledgedCount == 0)
        #expect(!SessionPair.drain(pair.client).contains(.acknowledged(id)))
    }

    @Test("what was withdrawn on a carrier that died is withdrawn on the next")
    func cancelAcrossCarriers() throws {
        let pair = try connected()
        let id = try pair.client.send(request("upload", lane: 1), now: pair.now)
        _ = pair.client.pollTransmit(now: pair.now)
        pair.detach()
        pair.client.cancel(id)
        try pair.client.send(request("hello", lane: 1), now: pair.now)
        try pair.attach()
        try pair.exchange()
        #expect(SessionPair.texts(pair.server) == ["hello"])
        #expect(pair.server?.statistics.messagesWithdrawnByPeer == 1)
        #expect(pair.server?.heldBackCount == 0)
    }

    @Test("the answer to a request that was cancelled too late is dropped")
    func answerToCancelled() throws {
        let pair = try connected()
        let id = try pair.client.send(request("what time is it?"), now: pair.now)
        try pair.exchange()
        let asked = try #require(SessionPair.messages(pair.server).first)
        pair.client.cancel(id)
        try pair.server?.send(.response(to: asked.id, body: ByteBuffer(string: "noon")), now: pair.now)
        try pair.exchange()
        #expect(SessionPair.messages(pair.client).isEmpty)
        #expect(pair.client.statistics.unmatchedResponses == 1)
    }

    @Test("what is late is not sent, and is told so once")
    func deadlines() throws {
        let pair = try connected()
        pair.detach()
        let late = try pair.client.send(request("typing", deadline: pair.now + .milliseconds(500)), now: pair.now)
        let other = try pair.client.send(request("hello", deadline: pair.now + .seconds(60)), now: pair.now)
        #expect(pair.client.pollTimeout() == pair.now + .milliseconds(500))
        pair.now = pair.now + .milliseconds(500)
        pair.client.handleTimeout(now: pair.now)
        #expect(SessionPair.drain(pair.client) == [.abandoned(late, .late)])
        #expect(pair.client.statistics.messagesLate == 1)
        try pair.attach()
        try pair.exchange()
        #expect(SessionPair.texts(pair.server) == ["hello"])
        // What has arrived is not late any more, however long its answer takes.
        pair.now = pair.now + .seconds(2)
        try pair.exchange()
        #expect(pair.client.pollTimeout() == nil)
        #expect(SessionPair.drain(pair.client).contains(.acknowledged(other)))
    }
}
