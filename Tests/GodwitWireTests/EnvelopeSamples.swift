import GodwitWire
import NIOCore

/// Random well-formed envelopes.
enum EnvelopeSamples {
    static func random(_ random: RandomSource) -> Envelope {
        func below(_ limit: UInt64) -> UInt64 { random.next() % limit }
        func integer() -> UInt64 { random.next() >> (2 + below(62)) }
        func text() -> String { String(repeating: "é", count: Int(below(128))) }
        func ticket() -> SessionTicket {
            SessionTicket(
                id: SessionID(rawValue: random.next()),
                secret: TicketSecret(high: random.next(), low: random.next()))
        }
        func ackState() -> AckState {
            var state = AckState(cumulative: integer() >> 10)
            var last = state.cumulative
            for _ in 0..<below(33) {
                let first = last + 2 + below(1_000)
                last = first + below(1_000)
                state.ranges.append(first...last)
            }
            return state
        }
        func early() -> OpenEnvelope.Early {
            let messages = (0...below(4)).map { number in
                DataEnvelope(
                    kind: .request(command: UInt32(below(100))), sequence: UInt16(number), acknowledgement: nil,
                    after: below(3), dictionary: 0, body: ByteBuffer(bytes: random.bytes(Int(below(300)))))
            }
            return OpenEnvelope.Early(isFresh: below(2) == 0, messages: messages)
        }
        switch below(14) {
        case 0:
            let resumption = OpenEnvelope.Resumption(ticket: ticket(), received: ackState())
            return .open(
                OpenEnvelope(
                    incarnation: random.next(), attempt: integer(), newestDictionary: integer(),
                    resumption: below(3) == 0 ? nil : resumption, early: below(2) == 0 ? nil : early()))
        case 1:
            let outcomes: [OpenedEnvelope.Outcome] = [.new(ticket()), .resumed(received: ackState()), .restarted]
            return .opened(
                OpenedEnvelope(outcome: outcomes[Int(below(3))], newestDictionary: integer(), earlyReceived: 0))
        case 2:
            return .rejected(
                RejectedEnvelope(
                    reason: .init(code: below(7)), retryAfterMilliseconds: integer(), text: text()))
        case 3: return .acknowledgement(UInt16(below(0x1_0000)))
        case 4: return .ping(UInt16(below(0x1_0000)))
        case 5: return .pong(UInt16(below(0x1_0000)))
        case 6: return .close(CloseEnvelope(code: integer(), text: text()))
        case 7:
            return .datagram(
                DatagramEnvelope(
                    command: UInt32(below(1 << 32)), body: ByteBuffer(bytes: random.bytes(Int(below(50))))))
        case 8:
            return .data(
                DataEnvelope(
                    kind: .withdrawn, sequence: UInt16(below(0x1_0000)),
                    acknowledgement: below(2) == 0 ? nil : UInt16(below(0x1_0000)),
                    after: below(2) == 0 ? 0 : 1 + integer() / 2, body: ByteBuffer()))
        default:
            let kinds: [DataEnvelope.Kind] = [
                .request(command: UInt32(below(1 << 32))), .push(command: UInt32(below(100))),
                .response(distance: Int64(integer() >> 1) * (below(2) == 0 ? 1 : -1), status: UInt32(below(4))),
            ]
            let kind = kinds[Int(below(3))]
            var acknowledgement: UInt16? = UInt16(below(0x1_0000))
            if case .response = kind {} else if below(2) == 0 { acknowledgement = nil }
            return .data(
                DataEnvelope(
                    kind: kind, sequence: UInt16(below(0x1_0000)), acknowledgement: acknowledgement,
                    after: below(2) == 0 ? 0 : integer(), dictionary: UInt8(below(3)),
                    body: ByteBuffer(bytes: random.bytes(Int(below(50))))))
        }
    }
}
