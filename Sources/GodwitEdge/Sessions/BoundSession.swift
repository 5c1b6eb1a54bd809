import GodwitSession
import GodwitTunnel
import GodwitWire
import IMRouting
import NIOCore

/// A session on its home loop: the protocol's state, the carrier that it is on, and who is logged in.
final class BoundSession {
    let id: SessionID
    let session: Session
    var carrier: Carrier?
    /// Of the last carrier, for counting what happens while there is none.
    var carrierKind: CarrierKind
    /// The least urgent envelopes that the carrier takes for now; nil = none.
    var room: Urgency? = .media
    /// In the list of sessions that this turn visits.
    var isTouched = false
    /// The earliest entry in the loop's heap.
    var armed: NIODeadline?

    var principal: Principal?
    /// Requests at the core, by sequence, with the time of their arrival. Bounded by `LoopLimits.requestsPerSession`.
    var underway: [UInt64: Underway] = [:]

    /// How much of the session's own count of repeated messages is in the metrics.
    var countedSentAgain = 0
    /// When the client last reported failures.
    var lastReport: NIODeadline?

    /// nil until the client opens one.
    var tunnels: TunnelTable?
    /// Connections to tunnels' targets that are under way.
    var tunnelsConnecting = 0
    /// How much of the tables' own counts is in the metrics.
    var countedTunnelBytes = (up: 0, down: 0)

    struct Underway {
        let command: UInt32
        let since: NIODeadline
    }

    init(id: SessionID, session: Session, carrierKind: CarrierKind) {
        self.id = id
        self.session = session
        self.carrierKind = carrierKind
    }

    var tunnelBacklog: TunnelTable.Backlog {
        TunnelTable.Backlog(messages: session.unacknowledgedCount, bytes: session.unacknowledgedBytes)
    }

    /// Gives back what only traffic needs.
    func rest() {
        session.rest()
        if underway.isEmpty { underway = [:] }
    }

    /// As the core names it.
    var address: SessionAddress { SessionAddress(loop: id.loop, session: id.rawValue) }
}
