import DequeModule
import GodwitTLS
import NIOCore

/// A server's connection rests in silence: it gives back what the next packet makes anew in a microsecond, because most connections of
/// a server say nothing most of the time. A client has one connection, and a timer costs its battery more than the memory is worth.
extension Connection {
    /// Long against round trips and the delay of acknowledgements, short against the silence of a phone in a pocket.
    static let restDelay = TimeAmount.seconds(1)

    /// A packet was heard or sent.
    func stayAwake(now: NIODeadline) {
        if restDeadline == nil, role == .server { restDeadline = now + Self.restDelay }
    }

    func handleRest(now: NIODeadline) {
        guard let deadline = restDeadline, deadline <= now else { return }
        let due = idle.lastActive + Self.restDelay
        guard due <= now, canRest else {
            restDeadline = max(due, now + Self.restDelay)
            return
        }
        restDeadline = nil
        application.keys?.rest()
        application.sent.rest()
        incoming.rest()
        outcome = Recovery<ConfiguredController>.Outcome()
        if events.isEmpty { events = [] }
    }

    /// Nothing is under way, in either direction.
    private var canRest: Bool {
        state == .established && !hasInitialSpace && application.sent.outstandingCount == 0
            && application.received.deadline == nil && !hasSendable && path.validation == nil
    }
}
