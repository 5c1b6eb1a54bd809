import GodwitSession
import GodwitWire
import NIOCore

/// The client application's memory of what it asked: durable until answered, and asked again when nobody can say whether the
/// question arrived.
struct RequestBook {
    private(set) var owed = OwedMessages()
    private var answered: Set<UInt64> = []

    mutating func add(_ message: Scenario.Message, now: NIODeadline) { owed.add(message, now: now) }

    /// The process died: a new one asks everything again that has no answer, in order.
    mutating func forgetSubmissions() { owed.forgetSubmissions() }

    mutating func submit(to session: Session, now: NIODeadline) {
        owed.submit(to: session, now: now) { owed, body in
            var request = OutgoingMessage.request(.echo, lane: owed.message.lane, body: body)
            request.early = Self.earlyUse(of: owed.message.number)
            return request
        }
    }

    /// Some of each.
    private static func earlyUse(of number: UInt64) -> EarlyUse {
        switch number % 5 {
        case 0: .never
        case 1: .inKnownSession
        default: .always
        }
    }

    mutating func askAgain(_ id: LocalID) { owed.submitAgain(id) }

    mutating func answered(_ id: LocalID, status: UInt32, body: ByteBuffer) throws(HistoryViolation) {
        guard let number = owed.end(id) else { throw .neverSent(.toClient, number: id.rawValue) }
        guard let payload = Payload(decoding: body), payload.number == number, status == Status.ok.rawValue else {
            throw .changedBody(.toClient, number: number)
        }
        guard answered.insert(number).inserted else { throw .answeredTwice(number: number) }
        owed.settle(number)
    }

    mutating func cancel(_ number: UInt64, in session: Session?) { owed.cancel(number, in: session) }

    mutating func late(_ id: LocalID) throws(HistoryViolation) { try owed.late(id) }
}
