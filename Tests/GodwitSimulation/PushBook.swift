import GodwitSession
import GodwitWire
import NIOCore

/// The server application's memory of what it owes the client: durable until acknowledged.
struct PushBook {
    /// In the order of pushing.
    private var open: [Scenario.Message] = []
    private var waiting: [Scenario.Message] = []
    private var submitted: [LocalID: UInt64] = [:]

    var unacknowledged: [UInt64] { open.map(\.number) }

    mutating func add(_ message: Scenario.Message) {
        open.append(message)
        waiting.append(message)
    }

    /// The session is another one: everything not acknowledged is pushed again, in order.
    mutating func forgetSubmissions() {
        submitted.removeAll()
        waiting = open
    }

    mutating func submit(to session: Session, now: NIODeadline) {
        while let message = waiting.first {
            let body = Payload(number: message.number, length: message.length).encode()
            // A full queue is no error here: the application waits and tries again.
            guard let id = try? session.send(.push(.notify, lane: message.lane, body: body), now: now) else { return }
            submitted[id] = message.number
            waiting.removeFirst()
        }
    }

    mutating func acknowledged(_ id: LocalID) {
        guard let number = submitted.removeValue(forKey: id) else { return }
        open.removeAll { $0.number == number }
    }

    mutating func pushAgain(_ id: LocalID) {
        guard let number = submitted.removeValue(forKey: id), let message = open.first(where: { $0.number == number })
        else { return }
        waiting.append(message)
    }
}
