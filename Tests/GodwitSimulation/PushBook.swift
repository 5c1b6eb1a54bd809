import GodwitSession
import GodwitWire
import NIOCore

/// The server application's memory of what it owes the client: durable until acknowledged.
struct PushBook {
    /// In the order of pushing.
    private var open: [Owed] = []
    private var waiting: [Owed] = []
    private var submitted: [LocalID: UInt64] = [:]
    /// Given up: nobody is owed them.
    private(set) var waived: [UInt64] = []

    var unacknowledged: [UInt64] { open.map(\.message.number) }

    mutating func add(_ message: Scenario.Message, now: NIODeadline) {
        let owed = Owed(message: message, lateAt: message.worth.map { now + $0 } ?? .distantFuture)
        open.append(owed)
        waiting.append(owed)
    }

    /// The session is another one: everything not acknowledged is pushed again, in order.
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
            var push = OutgoingMessage.push(.notify, lane: message.lane, body: body)
            push.urgency = message.urgency ?? push.urgency
            push.deadline = owed.lateAt
            guard let id = try? session.send(push, now: now) else { return }
            submitted[id] = message.number
            waiting.removeFirst()
        }
    }

    mutating func acknowledged(_ id: LocalID) {
        guard let number = submitted.removeValue(forKey: id) else { return }
        open.removeAll { $0.message.number == number }
    }

    mutating func pushAgain(_ id: LocalID) {
        guard let number = submitted.removeValue(forKey: id),
            let message = open.first(where: { $0.message.number == number })
        else { return }
        waiting.append(message)
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
