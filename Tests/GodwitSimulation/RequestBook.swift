import GodwitSession
import GodwitWire
import NIOCore

/// A message that an application has not seen the end of.
struct Owed {
    let message: Scenario.Message
    /// When it is worth nothing any more.
    let lateAt: NIODeadline
}

/// The client application's memory of what it asked: durable until answered, and asked again when nobody can say whether the
/// question arrived.
struct RequestBook {
    /// In the order of asking.
    private var open: [Owed] = []
    private var waiting: [Owed] = []
    private var submitted: [LocalID: UInt64] = [:]
    /// Given up: nobody is owed them.
    private(set) var waived: [UInt64] = []
    private var answered: Set<UInt64> = []

    var unanswered: [UInt64] { open.map(\.message.number) }

    mutating func add(_ message: Scenario.Message, now: NIODeadline) {
        let owed = Owed(message: message, lateAt: message.worth.map { now + $0 } ?? .distantFuture)
        open.append(owed)
        waiting.append(owed)
    }

    /// The process died: a new one asks everything again that has no answer, in order.
    mutating func forgetSubmissions() {
        submitted.removeAll()
        waiting = open
    }

    mutating func submit(to session: Session, now: NIODeadline) {
        while let owed = waiting.first {
            let message = owed.message
            guard owed.lateAt > now else {
                waiting.removeFirst()
                givenUp(message.number)
                continue
            }
            let body = Payload(number: message.number, length: message.length).encode()
            // A full queue is no error here: the application waits and tries again.
            var request = OutgoingMessage.request(.echo, lane: message.lane, body: body)
            request.urgency = message.urgency ?? request.urgency
            request.deadline = owed.lateAt
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
        guard let number = submitted.removeValue(forKey: id),
            let message = open.first(where: { $0.message.number == number })
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
        open.removeAll { $0.message.number == number }
    }

    /// The application does not want the message any more.
    mutating func cancel(_ number: UInt64, in session: Session?) {
        guard open.contains(where: { $0.message.number == number }) else { return }
        waiting.removeAll { $0.message.number == number }
        if let id = submitted.first(where: { $0.value == number })?.key {
            submitted[id] = nil
            session?.cancel(id)
        }
        givenUp(number)
    }

    /// The session has given the message up, since it was late.
    mutating func late(_ id: LocalID) throws(HistoryViolation) {
        guard let number = submitted.removeValue(forKey: id) else { throw .endedTwice(number: id.rawValue) }
        givenUp(number)
    }

    private mutating func givenUp(_ number: UInt64) {
        open.removeAll { $0.message.number == number }
        waived.append(number)
    }
}
