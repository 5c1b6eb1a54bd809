import GodwitWire
import NIOCore
import Testing

@testable import GodwitSession

@Suite("Byte thrift")
struct ByteThriftTests {
    /// 200 bytes that do not compress, so that the envelope alone is measured.
    private func body(_ random: RandomSource) -> ByteBuffer { ByteBuffer(bytes: random.bytes(200)) }

    /// A chat: a request every `interval`, each answered after 100 ms.
    private func chat(messages: Int, every interval: Int64) throws -> SessionPair {
        let random = RandomSource.seeded(1)
        let pair = SessionPair()
        try pair.attach()
        try pair.exchange()
        pair.countFromHere()
        for _ in 0..<messages {
            try pair.client.send(.request(.echo, lane: 1, body: body(random)), now: pair.now)
            try pair.exchange()
            pair.now = pair.now + .milliseconds(100)
            for message in SessionPair.messages(pair.server) {
                try pair.server?.send(.response(to: message.id, body: message.body), now: pair.now)
            }
            try pair.exchange()
            var left = interval - 100
            while left > 0 {
                pair.now = pair.now + .milliseconds(min(left, 50))
                left -= 50
                try pair.exchange()
            }
        }
        return pair
    }

    @Test("a request of 200 bytes costs at most 8 bytes of envelope and its answer 6, after 70,000 of them as well")
    func overhead() throws {
        let pair = try chat(messages: 400, every: 250)
        #expect(pair.bytesUp <= 400 * 208)
        #expect(pair.bytesDown <= 400 * 206)
        var request = ByteBuffer()
        DataEnvelope(
            kind: .request(command: 17), sequence: SequenceNumber.low(70_000),
            acknowledgement: SequenceNumber.low(69_999),
            after: 1, body: ByteBuffer()
        ).encode(into: &request)
        #expect(request.readableBytes == 7)
    }

    @Test("in a chat no acknowledgement goes alone: requests carry those of answers, answers those of requests")
    func piggyback() throws {
        let pair = try chat(messages: 50, every: 250)
        #expect(pair.client.statistics.loneAcknowledgements == 0)
        #expect(pair.server?.statistics.loneAcknowledgements == 0)
    }

    @Test("when nothing follows, one acknowledgement of 3 bytes goes after the delay")
    func alone() throws {
        let pair = try chat(messages: 1, every: 100)
        pair.countFromHere()
        let deadline = try #require(pair.client.pollTimeout())
        #expect(deadline == pair.now + .seconds(1))
        pair.now = deadline
        pair.client.handleTimeout(now: pair.now)
        try pair.exchange()
        #expect(pair.bytesUp == 3)
        #expect(pair.bytesDown == 0)
        #expect(pair.client.pollTimeout() == nil)
        #expect(pair.server?.unacknowledgedCount == 0)
    }

    @Test("an English message of a chat takes half of its bytes")
    func compressed() throws {
        let pair = SessionPair()
        try pair.attach()
        try pair.exchange()
        pair.countFromHere()
        let text = """
            The network is really bad here, did you get the photos I sent you yesterday evening? I will try again when \
            I am back home, probably around ten. Don't wait for me with dinner, the train is delayed again.
            """
        try pair.client.send(.request(.send, lane: 1, body: ByteBuffer(string: text)), now: pair.now)
        try pair.exchange()
        #expect(pair.bytesUp < text.utf8.count / 2)
        #expect(SessionPair.texts(pair.server) == [text])
    }

    @Test("a login is never compressed")
    func login() throws {
        let pair = SessionPair()
        try pair.attach()
        try pair.exchange()
        pair.countFromHere()
        let body = ByteBuffer(string: String(repeating: "password ", count: 20))
        try pair.client.send(.request(.login, body: body), now: pair.now)
        try pair.exchange()
        #expect(pair.bytesUp > body.readableBytes)
        #expect(pair.client.statistics.bytesBeforeCompression == 0)
    }
}
