import GodwitWire
import NIOCore
import Testing

@testable import GodwitSession

@Suite("What a session refuses")
struct LimitTests {
    private let now = NIODeadline.uptimeNanoseconds(1)

    private func body(_ count: Int) -> ByteBuffer { ByteBuffer(repeating: 0x61, count: count) }

    private func data(
        _ sequence: UInt16, kind: DataEnvelope.Kind = .request(command: 1), acknowledgement: UInt16? = nil,
        after: UInt64 = 0, dictionary: UInt8 = 0, body: ByteBuffer = ByteBuffer()
    ) -> ByteBuffer {
        var buffer = ByteBuffer()
        DataEnvelope(
            kind: kind, sequence: sequence, acknowledgement: acknowledgement, after: after, dictionary: dictionary,
            body: body
        ).encode(into: &buffer)
        return buffer
    }

    private func openServer() throws -> Session {
        let pair = SessionPair()
        let opened = try pair.attach()
        try pair.exchange()
        return opened.session
    }

    @Test("a body over the limit, too many messages and too many bytes are refused before they are queued")
    func queueLimits() throws {
        var configuration = SessionConfiguration()
        configuration.maximumUnacknowledgedMessages = 3
        configuration.maximumUnacknowledgedBytes = 1_000
        configuration.maximumBodyBytes = 600
        let session = Session.client(configuration: configuration, ticket: nil, incarnation: 1)
        #expect(throws: SessionSendError.tooLarge(bytes: 601, limit: 600)) {
            try session.send(.request(.echo, body: body(601)), now: now)
        }
        try session.send(.request(.echo, body: body(600)), now: now)
        #expect(throws: SessionSendError.queueBytesFull(bytes: 600)) {
            try session.send(.request(.echo, body: body(401)), now: now)
        }
        try session.send(.request(.echo, body: body(1)), now: now)
        try session.send(.request(.echo, body: body(1)), now: now)
        #expect(throws: SessionSendError.queueFull(messages: 3)) {
            try session.send(.request(.echo, body: body(1)), now: now)
        }
        #expect(session.unacknowledgedCount == 3)
        #expect(session.unacknowledgedBytes == 602)
    }

    @Test("acknowledged messages leave the queue and make room")
    func trimming() throws {
        let pair = SessionPair()
        try pair.attach()
        try pair.exchange()
        let ids = try (0..<40).map { _ in try pair.client.send(.request(.echo, body: body(10)), now: pair.now) }
        try pair.exchange()
        // 32 messages make an acknowledgement due at once, the rest waits.
        #expect(pair.client.unacknowledgedCount == 8 || pair.client.unacknowledgedCount == 0)
        pair.now = pair.now + .seconds(2)
        pair.server?.handleTimeout(now: pair.now)
        try pair.exchange()
        #expect(pair.client.unacknowledgedCount == 0)
        #expect(pair.client.unacknowledgedBytes == 0)
        let acknowledged = SessionPair.drain(pair.client).compactMap {
            if case .acknowledged(let id) = $0 { id } else { nil }
        }
        #expect(acknowledged == ids)
    }

    @Test("no more than the window is sent ahead of the acknowledgements")
    func window() throws {
        var configuration = SessionConfiguration()
        configuration.maximumUnacknowledgedMessages = 5_000
        let pair = SessionPair(client: configuration)
        try pair.attach()
        try pair.exchange()
        for _ in 0..<1_500 { try pair.client.send(.push(.notify, body: body(1)), now: pair.now) }
        var sent: [ByteBuffer] = []
        while let envelope = pair.client.pollTransmit(now: pair.now) { sent.append(envelope) }
        #expect(sent.count == 1_024)
        for envelope in sent { try pair.server?.receive(envelope, now: pair.now) }
        try pair.exchange()
        #expect(pair.client.statistics.messagesSent == 1_500)
        #expect(SessionPair.messages(pair.server).count == 1_500)
    }

    @Test("numbers go on beyond what 16 bits can tell, through resumes as well")
    func manyMessages() throws {
        let pair = SessionPair()
        try pair.attach()
        try pair.exchange()
        for batch in 0..<70 as Range<UInt64> {
            for number in 0..<1_000 as Range<UInt64> {
                var body = ByteBuffer()
                body.writeInteger(batch * 1_000 + number)
                try pair.client.send(.push(.notify, lane: 1, body: body), now: pair.now)
            }
            try pair.exchange()
            let numbers = SessionPair.messages(pair.server).map { $0.body.getInteger(at: 0, as: UInt64.self) }
            #expect(numbers == (0..<1_000 as Range<UInt64>).map { batch * 1_000 + $0 })
            _ = SessionPair.drain(pair.client)
            guard batch % 10 == 5 else { continue }
            pair.detach()
            #expect(try pair.attach().resumption == .resumed)
        }
        #expect(pair.server?.statistics.duplicatesDropped == 0)
    }

    @Test("the oldest unanswered request is given up beyond the limit, and a late answer to it is dropped")
    func unanswered() throws {
        var configuration = SessionConfiguration()
        configuration.maximumUnansweredRequests = 2
        let pair = SessionPair(client: configuration)
        try pair.attach()
        try pair.exchange()
        _ = SessionPair.drain(pair.client)
        let oldest = try pair.client.send(.request(.echo, body: body(1)), now: pair.now)
        try pair.client.send(.request(.echo, body: body(1)), now: pair.now)
        try pair.client.send(.request(.echo, body: body(1)), now: pair.now)
        try pair.exchange()
        #expect(SessionPair.drain(pair.client) == [.abandoned(oldest, .tooManyUnanswered)])
        let question = try #require(SessionPair.messages(pair.server).first)
        try pair.server?.send(.response(to: question.id, body: body(1)), now: pair.now)
        try pair.exchange()
        #expect(SessionPair.messages(pair.client).isEmpty)
        #expect(pair.client.statistics.unmatchedResponses == 1)
    }

    @Test("a message beyond the window is a violation")
    func beyondWindow() throws {
        let server = try openServer()
        try server.receive(data(1_024), now: now)
        #expect(throws: SessionError.sequenceBeyondWindow(sequence: 1_025, limit: 1_024)) {
            try server.receive(data(1_025), now: now)
        }
    }

    @Test("a predecessor before the first message is a violation, whatever its distance")
    func predecessor() throws {
        let server = try openServer()
        for after in [5, 6, 70_000, SequenceNumber.maximum] as [UInt64] {
            #expect(throws: SessionError.predecessorBeforeFirst(sequence: 5, after: after)) {
                try server.receive(data(5, after: after), now: now)
            }
        }
    }

    @Test("an acknowledgement or an answer of something never sent is a violation")
    func unsent() throws {
        let server = try openServer()
        #expect(throws: SessionError.acknowledgementOfUnsent(acknowledged: 9, lastSent: 0)) {
            try server.receive(data(1, acknowledgement: 9), now: now)
        }
        for distance in [0, -3, 1, Int64(1) << 60, -(Int64(1) << 60)] {
            #expect(throws: SessionError.self) {
                try server.receive(
                    data(1, kind: .response(distance: distance, status: 0), acknowledgement: 0), now: now)
            }
        }
    }

    @Test("more bytes held back than the window are a violation")
    func heldBack() throws {
        let server = try openServer()
        let big = body(Envelope.maximumBytes - 100)
        var refused: SessionError?
        for sequence in 2..<40 as Range<UInt16> where refused == nil {
            do { try server.receive(data(sequence, after: UInt64(sequence) - 1, body: big), now: now) } catch {
                refused = error
            }
        }
        guard case .heldBackOverflow(let bytes, let limit) = refused else {
            Issue.record("nothing was refused")
            return
        }
        #expect(bytes > limit)
        #expect(server.heldBackCount == 16)
    }

    @Test("envelopes of the wrong side or state are violations")
    func unexpected() throws {
        let server = try openServer()
        var buffer = ByteBuffer()
        Envelope.opened(OpenedEnvelope(outcome: .restarted, newestDictionary: 0)).encode(into: &buffer)
        #expect(throws: SessionError.unexpected(envelope: "OPENED")) { try server.receive(buffer, now: now) }
        buffer.clear()
        Envelope.rejected(RejectedEnvelope(reason: .stale, text: "")).encode(into: &buffer)
        #expect(throws: SessionError.unexpected(envelope: "REJECTED")) { try server.receive(buffer, now: now) }
        buffer.clear()
        Envelope.open(OpenEnvelope(incarnation: 1, attempt: 1, newestDictionary: 0, resumption: nil))
            .encode(into: &buffer)
        #expect(throws: SessionError.unexpected(envelope: "OPEN")) { try server.receive(buffer, now: now) }
        try server.receive(ByteBuffer(bytes: [0x41, 1, 2, 3]), now: now)
    }

    @Test("random envelopes never trap, and leave the session usable")
    func garbage() throws {
        let random = RandomSource.seeded(99)
        for _ in 0..<100 {
            let pair = SessionPair()
            try pair.attach()
            try pair.exchange()
            for _ in 0..<60 {
                var bytes = random.bytes(Int(random.next() % 40))
                if !bytes.isEmpty, random.uniform() < 0.9 { bytes[0] |= 0x80 }
                if bytes.count > 2, random.uniform() < 0.8 { bytes[1] = 0 }
                try? pair.server?.receive(ByteBuffer(bytes: bytes), now: pair.now)
                try? pair.client.receive(ByteBuffer(bytes: bytes), now: pair.now)
                _ = try? pair.table.open(ByteBuffer(bytes: bytes), now: pair.now)
                while pair.client.pollTransmit(now: pair.now) != nil {}
                while pair.server?.pollTransmit(now: pair.now) != nil {}
            }
        }
    }
}
