import GodwitTLS
import NIOCore

/// When a server's connection may go to rest, see `ServedConnection`. A client has one connection, and a timer costs its battery more than
/// the memory is worth.
extension Connection {
    /// A packet was heard or sent.
    func stayAwake(now: NIODeadline) {
        if restDeadline == nil, role == .server { restDeadline = now + configuration.restDelay }
    }

    func handleRest(now: NIODeadline) {
        guard let deadline = restDeadline, deadline <= now else { return }
        let due = idle.lastActive + configuration.restDelay
        restDeadline = due <= now && isQuiet ? nil : max(due, now + configuration.restDelay)
    }

    /// It has been silent for `restDelay`, or was woken for nothing.
    var isTired: Bool { restDeadline == nil && isQuiet }

    /// Nothing is under way, in either direction.
    var isQuiet: Bool {
        state == .established && role == .server && !hasInitialSpace && handshake.stream.isEmpty && waiting.isEmpty
            && application.sent.outstandingCount == 0 && application.received.deadline == nil
            && application.probesDue == 0 && !application.pingDue && !control.isDue && path.isSettled
            && keyPhase.previousDeadline == nil && localIDs.map { !$0.isUnsettled && !$0.hasUnannounced } ?? true
            && outgoing.resting != nil && incoming.resting != nil && repetitions.isDone && repairs.isEmpty
            && datagrams.isDone && events.isEmpty
    }
}
