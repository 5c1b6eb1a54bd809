import GodwitWire
import NIOCore

/// The bounds of one event loop's sessions.
package struct SessionTableConfiguration: Sendable {
    /// Sessions, with and without a carrier.
    package var maximumSessions = 100_000
    /// How long a session without a carrier is kept.
    package var lifetime = TimeAmount.hours(24)
    /// How long a session without a carrier is kept when its client never showed that it got the ticket.
    package var unconfirmedLifetime = TimeAmount.seconds(60)
    /// Event loops that have a table; a ticket of any other is unknown.
    package var loopCount = 1
    package var session = SessionConfiguration()

    package init() {}
}

/// Plain counts since the table was made, read when they are wanted.
package struct SessionTableStatistics: Hashable, Sendable {
    package var created = 0
    package var resumed = 0
    package var restarted = 0
    /// OPENs with a ticket of a session that is not here any more (or never was).
    package var unknownTickets = 0
    /// OPENs with a right name and a wrong secret.
    package var wrongSecrets = 0
    package var evicted = 0
    package var expired = 0
    package var refusedFull = 0
}

/// What became of an OPEN.
package enum OpenResult {
    case opened(OpenedSession)
    /// The session lives on this event loop: the carrier and its OPEN go there.
    case home(loop: UInt8)
}

package struct OpenedSession {
    package let id: SessionID
    package let session: Session
    package let resumption: Resumption
    /// The session had a carrier until now: its owner closes the old one, without calling `carrierDetached` for it (or
    /// with its `attachment`, which then changes nothing).
    package let supersededCarrier: Bool
    /// The new carrier's number in the session.
    package let attachment: UInt64
    /// The session that had to make room for this one; what the owner keeps for it can go.
    package let evicted: SessionID?
}
