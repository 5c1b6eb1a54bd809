import GodwitWire
import NIOCore

/// What the plan and its shell tell each other.
extension ConnectPlan {
    enum Action: Equatable, Sendable {
        /// Begin connecting.
        case start(AttemptID, CarrierKind)
        /// Put the session on this carrier.
        case attach(AttemptID)
        /// Close this attempt's carrier without a report: it lost a race or its network is gone.
        case cancel(AttemptID)
        /// The local address may have changed: get a new socket and say something.
        case rebind(AttemptID)
        /// Account for a failed attempt.
        case failed(CarrierKind, AttemptPhase, AttemptFailure)
        /// Tell people.
        case status(Status)
    }

    enum Status: Equatable, Sendable {
        case connecting
        case connected(CarrierKind)
        case disconnected
    }

    /// What the shell knows of the attached carrier's traffic.
    struct Traffic: Equatable, Sendable {
        /// Since when something is unacknowledged, nil when all is.
        var outstandingSince: NIODeadline?
        var lastHeardAt: NIODeadline?
        var roundTrip: TimeAmount?
    }
}
