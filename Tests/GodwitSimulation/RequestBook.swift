import GodwitSession
import GodwitWire
import NIOCore

/// The client application's memory of what it asked: durable until answered, and asked again when nobody can say whether the
/// question arrived.
struct RequestBook {
    /// In the order of asking.
    private var open: [Scenario.Message] = []
    private var waiting: [Scenario.Message] = []
    private var submitted: [LocalID: UInt64] = [:]
    private var answered: Set<UInt64> = []

    var unanswered: [UInt64] { open.map(\.number) }

    mutating func add(_ message: Scenario.Message) {
        open.append(message)
        waiting.append(message)
    }

    /// The process died: a new one asks everything again that has no answer, in order.
    mutating func forgetSubmissions() {
        submitted.removeAll()
        waiting = open
    }

    mutating func submit(to session: Session, now: NIODeadline) {
        while let message = waiting.first {
            let body = Payload(number: message.number, length: message.length).encode()
            // A full queue is no error here: the application waits and tries again.
            var request = OutgoingMessage.request(.echo, lane: message.lane, body: body)
            request.early = Self.earlyUse(of: message.number)
            guard let id = try? session.send(request, now: now) else { return }
            submitted[id] = message.number
            waiting.removeFirst()
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

    mutating func askAgain(_ id: LocalID) {
        guard let number = submitted.removeValue(forKey: id), let message = open.first(where: { $0.number == number })
        else { return }
        waiting.append(message)
    }

    mutating func answered(_ id: LocalID, status: UInt32, body: ByteBuffer) throws(HistoryViolation) {
        guard let number = submitted.removeValue(forKey: id) else {
            throw .neverSent(.toClient, number: id.rawValue)
        }
        guard let payload = Payload(decoding: body), payload.number == number, status == Status.ok.rawValue else {
            throw .changedBody(.toClient, number: number)
        }
        guard answered.insert(number).inserted else { throw .answeredTwice(number: number) }
        open.removeAll { $0.number == number }
    }
}
