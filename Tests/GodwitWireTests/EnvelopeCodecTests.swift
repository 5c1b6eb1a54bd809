import GodwitWire
import NIOCore
import Testing

@Suite("Envelope codecs")
struct EnvelopeCodecTests {
    @Test("any envelope reads back as it was written")
    func roundTrip() throws {
        let random = RandomSource.seeded(1)
        for _ in 0..<5_000 {
            let envelope = EnvelopeSamples.random(random)
            var buffer = ByteBuffer()
            envelope.encode(into: &buffer)
            #expect(try Envelope(decoding: buffer) == envelope)
        }
    }

    @Test("no cut of an envelope without a body is an envelope, and no cut traps")
    func cuts() throws {
        let random = RandomSource.seeded(2)
        for _ in 0..<500 {
            let envelope = EnvelopeSamples.random(random)
            var buffer = ByteBuffer()
            envelope.encode(into: &buffer)
            for length in 0..<buffer.readableBytes {
                let cut = try #require(buffer.getSlice(at: 0, length: length))
                #expect((try? Envelope(decoding: cut)) != envelope)
            }
        }
    }

    @Test("garbage and damaged envelopes never trap")
    func garbage() {
        let random = RandomSource.seeded(3)
        for _ in 0..<20_000 {
            var buffer = ByteBuffer()
            if random.uniform() < 0.5 {
                buffer.writeBytes(random.bytes(Int(random.next() % 64)))
            } else {
                EnvelopeSamples.random(random).encode(into: &buffer)
                let index = Int(random.next() % UInt64(buffer.readableBytes))
                buffer.setInteger(UInt8(truncatingIfNeeded: random.next()), at: index)
            }
            _ = try? Envelope(decoding: buffer)
            _ = try? ClientReport(decoding: buffer)
        }
    }

    @Test("an envelope over the limit is refused unread")
    func tooLarge() {
        #expect(throws: EnvelopeError.tooLarge(bytes: 262_145, limit: 262_144)) {
            try Envelope(decoding: ByteBuffer(repeating: 0x80, count: 262_145))
        }
    }

    @Test("reserved kinds and flags out of place are refused, extensions are skipped")
    func extensionPoints() throws {
        #expect(throws: EnvelopeError.unknownType(0x00)) { try Envelope(decoding: ByteBuffer(bytes: [0x00])) }
        #expect(throws: EnvelopeError.unknownType(0x08)) { try Envelope(decoding: ByteBuffer(bytes: [0x08])) }
        // A request with a status, a response without an acknowledgement.
        #expect(throws: EnvelopeError.self) { try Envelope(decoding: ByteBuffer(bytes: [0x82, 0, 1, 1, 1])) }
        #expect(throws: EnvelopeError.self) { try Envelope(decoding: ByteBuffer(bytes: [0xa0, 0, 1, 0])) }
        #expect(try Envelope(decoding: ByteBuffer(bytes: [0x7f, 1, 2])) == .ignored(0x7f))
        let extended = ByteBuffer(bytes: [0x81, 0, 1, 5, 2, 0xaa, 0xbb, 0x68, 0x69])
        let plain = DataEnvelope(
            kind: .request(command: 5), sequence: 1, acknowledgement: nil, body: ByteBuffer(string: "hi"))
        #expect(try Envelope(decoding: extended) == .data(plain))
        #expect(throws: EnvelopeError.truncated(field: "extension")) {
            try Envelope(decoding: ByteBuffer(bytes: [0x81, 0, 1, 5, 9, 0xaa]))
        }
    }

    @Test("a withdrawn message has a number and a place, and nothing else")
    func withdrawn() throws {
        let plain = DataEnvelope(kind: .withdrawn, sequence: 7, acknowledgement: 9, after: 2, body: ByteBuffer())
        var encoded = ByteBuffer()
        Envelope.data(plain).encode(into: &encoded)
        #expect(encoded == ByteBuffer(bytes: [0xf8, 0, 7, 0, 9, 2]))
        #expect(try Envelope(decoding: encoded) == .data(plain))
        // With a body, with a dictionary, with a status.
        for bytes: [UInt8] in [[0xe0, 0, 1, 0x68], [0xe4, 0, 1, 1], [0xe2, 0, 1, 1]] {
            #expect(throws: EnvelopeError.self) { try Envelope(decoding: ByteBuffer(bytes: bytes)) }
        }
    }

    @Test("the largest legal numbers of an acknowledgement state do not overflow")
    func ackStateEnds() throws {
        let most = SequenceNumber.maximum
        var buffer = ByteBuffer()
        for value in [most, 1, most, most] { buffer.writeEncodedInteger(value, strategy: .quic) }
        #expect(throws: EnvelopeError.self) { try AckState(decoding: &buffer) }
    }

    @Test("16 bits expand to the number nearest to the expected one")
    func expansion() {
        let random = RandomSource.seeded(4)
        for _ in 0..<5_000 {
            let expected = random.next() >> (2 + random.next() % 60)
            let sequence = expected > 30_000 ? expected - 30_000 + random.next() % 60_000 : random.next() % 30_000
            guard sequence <= SequenceNumber.maximum else { continue }
            #expect(SequenceNumber.expand(SequenceNumber.low(sequence), near: expected) == sequence)
        }
        #expect(SequenceNumber.expand(0xffff, near: 1) == 0xffff)
        #expect(SequenceNumber.expand(0xffff, near: 0x1_0001) == 0xffff)
        #expect(SequenceNumber.expand(0x0001, near: 0xffff) == 0x1_0001)
    }

    @Test("a ticket's secret is never printed")
    func secret() {
        let ticket = SessionTicket(id: SessionID(rawValue: 1), secret: TicketSecret(high: 0xdead, low: 0xbeef))
        #expect(!"\(ticket) \(String(reflecting: ticket))".contains(String(0xdead)))
        var dumped = ""
        dump(ticket, to: &dumped)
        #expect(!dumped.contains(String(0xbeef)))
    }
}
