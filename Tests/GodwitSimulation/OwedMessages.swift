import GodwitSession
import GodwitWire
import NIOCore

/// A message that an application has not seen the end of.
struct Owed {
    let message: Scenario.Message
    /// When it is worth nothing any more.
    let lateAt: NIODeadline
}

/// An application's memory of messages that it wants through: durable, given to one session after another until they are settled.
struct OwedMessages {
    /// In the order of adding.
    private var open: [Owed] = []
    private var waiting: [Owed] = []
    private var submitted: [LocalID: UInt64] = [:]
    /// Given up: nobody is owed them.
    private(set) var waived: [UInt64] = []

    var numbers: [UInt64] { open.map(\.message.number) }

    mutating func add(_ message: Scenario.Message, now: NIODeadline) {
        let owed = Owed(message: message, lateAt: message.worth.map { now + $0 } ?? .distantFuture)
        open.append(owed)
        waiting.append(owed)
    }

    /// Whoever was given them has forgotten: everything is given again, in order.
    mutating func forgetSubmissions() {
        submitted.removeAll()
        waiting = open
    }

    /// Gives what waits to a session, until it takes no more.
    mutating func submit(to session: Session, now: NIODeadline, _ outgoing: (Owed, ByteBuffer) -> OutgoingMessage) {
        while let owed = waiting.first {
            let message = owed.message
            guard owed.lateAt > now else {
                waiting.removeFirst()
                giveUp(message.number)
                continue
            }
            let body = Payload(number: message.number, length: message.length).encode()
            var submission = outgoing(owed, body)
            submission.urgency = message.urgency ?? submission.urgency
            submission.deadline = owed.lateAt
            // A full queue is no error here: the application waits and tries again.
            guard let id = try? session.send(submission, now: now) else { return }
            submitted[id] = message.number
            waiting.removeFirst()
        }
    }

    /// The session has abandoned a message: it is given again.
    mutating func submitAgain(_ id: LocalID) {
        guard let number = submitted.removeValue(forKey: id),
            let message = open.first(where: { $0.message.number == number })
        else { return }
        waiting.append(message)
    }

    /// The session has come to an end with a message.
    ///
    /// - Returns: its number; nil if no such message was given to the session.
    mutating func end(_ id: LocalID) -> UInt64? { submitted.removeValue(forKey: id) }

    mutating func settle(_ number: UInt64) { open.removeAll { $0.message.number == number } }

    /// The application does not want the message any more.
    mutating func cancel(_ number: UInt64, in session: Session?) {
        guard open.contains(where: { $0.message.number == number }) else { return }
        waiting.removeAll { $0.message.number == number }
        if let id = submitted.first(where: { $0.value == number })?.key {
            submitted[id] = nil
            session?.cancel(id)
        }
        giveUp(number)
    }

    /// The session has given the message up, since it was late.
    mutating func late(_ id: LocalID) throws(HistoryViolation) {
        guard let number = end(id) else { throw .endedTwice(number: id.rawValue) }
        giveUp(number)
    }

    private mutating func giveUp(_ number: UInt64) {
        settle(number)
        waived.append(number)
    }
}
