import DequeModule
import GodwitWire
import NIOCore

/// One end of a session: a numbered conversation that outlives its carriers.
///
/// It opens no socket and reads no clock. Its owner, one event loop, feeds it envelopes, asks it for envelopes, sets one
/// timer and drains its events after every call:
///
///     receive, send, carrierAttached, handleTimeout …  then  pollTransmit until nil, pollEvent until nil, pollTimeout
///
/// A carrier moves whole envelopes, in any order, and delivers each one while it lives; what it loses it loses by dying.
/// So nothing is repeated on one carrier. A new carrier is told what has arrived and takes only the rest.
package final class Session {
    /// Bytes that an envelope adds to a body at most.
    package static let maximumOverhead = 32

    enum Phase: Hashable {
        case detached
        /// Client: OPEN is on its way.
        case opening
        case open
        case closed
    }

    // Exclusive access is not checked at run time, for the reasons given at `Connection`.

    let role: Role
    private let lender: SessionLender
    @exclusivity(unchecked) var phase = Phase.detached

    // Identity.
    @exclusivity(unchecked) package internal(set) var ticket: SessionTicket?
    @exclusivity(unchecked) var incarnation: UInt64
    /// Client: OPENs sent; server: the newest OPEN seen of this incarnation.
    @exclusivity(unchecked) var attempt: UInt64 = 0
    /// Client: whether this process has ever had the session.
    @exclusivity(unchecked) var hasOpened = false

    // Messages.
    @exclusivity(unchecked) var outgoing = OutgoingQueue()
    @exclusivity(unchecked) var inbound = InboundOrder()
    @exclusivity(unchecked) var unanswered = UnansweredRequests()
    @exclusivity(unchecked) var acknowledgements = AckSchedule()
    /// What the carrier of the moment calls messages that it need not deliver any more.
    @exclusivity(unchecked) var givenUp = Deque<UInt64>()
    /// The last identity given to a message of this end.
    @exclusivity(unchecked) var lastOutgoingID: UInt64 = 0
    /// A received message's identity is this and its number; raised when numbering starts again.
    @exclusivity(unchecked) var inboundBase: UInt64 = 0

    // What waits for the carrier or the owner.
    @exclusivity(unchecked) var control = Deque<Envelope>()
    @exclusivity(unchecked) var datagrams = Deque<SessionDatagram>()
    @exclusivity(unchecked) var pendingPong: UInt16?
    @exclusivity(unchecked) var early = EarlyEnvelopes()
    @exclusivity(unchecked) var events = Deque<SessionEvent>()
    /// The PING that is not answered yet, and when the carrier got it.
    @exclusivity(unchecked) var pingSent: (number: UInt16, at: NIODeadline)?
    @exclusivity(unchecked) var pingNumber: UInt16 = 0
    @exclusivity(unchecked) var isPingWanted = false
    /// The newest compression dictionary that both ends have; 0 = none.
    @exclusivity(unchecked) var dictionary: UInt8 = 0

    /// How often a carrier was attached: tells an old carrier's end from the present one's.
    @exclusivity(unchecked) package internal(set) var attachment: UInt64 = 0
    /// Since when there is no carrier; nil = there is one.
    @exclusivity(unchecked) package internal(set) var detachedSince: NIODeadline?
    /// Server: whether the client has shown that it knows its ticket.
    @exclusivity(unchecked) package internal(set) var isConfirmed = false
    @exclusivity(unchecked) package internal(set) var statistics = SessionStatistics()

    enum Role { case client, server }

    init(role: Role, ticket: SessionTicket?, incarnation: UInt64, lender: SessionLender) {
        self.role = role
        self.ticket = ticket
        self.incarnation = incarnation
        self.lender = lender
    }

    var configuration: SessionConfiguration { lender.configuration }
    var compressor: Compressor { lender.compressor }

    /// The client's end. `incarnation` is drawn anew by each client process. Servers' ends are made by `SessionTable`.
    package static func client(
        configuration: SessionConfiguration = SessionConfiguration(), ticket: SessionTicket?, incarnation: UInt64,
        compressor: Compressor = Compressor()
    ) -> Session {
        Session(
            role: .client, ticket: ticket, incarnation: incarnation,
            lender: SessionLender(configuration: configuration, compressor: compressor))
    }

    package var isOpen: Bool { phase == .open }
    package var isClosed: Bool { phase == .closed }
    package var isAttached: Bool { detachedSince == nil && attachment > 0 }
    package var unacknowledgedCount: Int { outgoing.count }
    package var unacknowledgedBytes: Int { outgoing.bytes }
    /// Requests of this end without a response.
    package var unansweredCount: Int { unanswered.count }
    /// Received messages that wait for an earlier one of their lane.
    package var heldBackCount: Int { inbound.heldCount }

    /// The next thing that happened; nil = nothing more.
    package func pollEvent() -> SessionEvent? { events.popFirst() }

    /// When `handleTimeout` wants to be called; nil = never, as things stand.
    package func pollTimeout() -> NIODeadline? {
        let late = outgoing.earliestDeadline
        guard phase == .open, let acknowledgement = acknowledgements.deadline else { return late }
        return min(acknowledgement, late ?? acknowledgement)
    }

    /// Time has passed: `pollTransmit` may have an acknowledgement now, and messages may have become late.
    package func handleTimeout(now: NIODeadline) {
        acknowledgements.elapse(now: now)
        giveUpLate(now: now)
    }

    /// The carrier is gone. What the peer has not acknowledged is kept for the next one. With `attachment`, a carrier
    /// that has been superseded meanwhile changes nothing.
    package func carrierDetached(attachment: UInt64? = nil, now: NIODeadline) {
        if let attachment, attachment != self.attachment { return }
        guard detachedSince == nil else { return }
        detachedSince = now
        dropCarrierState()
        if phase != .closed { phase = .detached }
    }

    /// Ends the session, not only the carrier: the ticket is void on both sides. The owner flushes `pollTransmit`,
    /// closes the carrier and lets go of the session.
    package func close(code: UInt64, text: String) {
        guard phase != .closed else { return }
        if phase == .open { control.append(.close(CloseEnvelope(code: code, text: text))) }
        phase = .closed
        ticket = nil
    }

    /// The carrier is silent, and will be for long as a rule: gives back room that is empty.
    package func rest() {
        outgoing.rest()
        inbound.rest()
        unanswered.rest()
        if givenUp.isEmpty { givenUp = [] }
        if control.isEmpty { control = [] }
        if datagrams.isEmpty { datagrams = [] }
        if events.isEmpty { events = [] }
    }

    func dropCarrierState() {
        control.removeAll()
        givenUp.removeAll()
        statistics.datagramsDropped += datagrams.count
        datagrams.removeAll()
        pendingPong = nil
        pingSent = nil
        isPingWanted = false
        early = EarlyEnvelopes()
        acknowledgements.told()
    }
}

/// Plain counts since the session began, read when they are wanted.
package struct SessionStatistics: Hashable, Sendable {
    package var messagesSent = 0
    package var messagesReceived = 0
    package var duplicatesDropped = 0
    /// Given up before they were known to have arrived: because the owner wanted it, and because their deadline had passed.
    package var messagesCancelled = 0
    package var messagesLate = 0
    package var messagesWithdrawnByPeer = 0
    /// Messages given to a carrier again after a resume.
    package var messagesSentAgain = 0
    /// Acknowledgements that found no message to ride on.
    package var loneAcknowledgements = 0
    package var datagramsSent = 0
    package var datagramsReceived = 0
    /// Unsent: late, without a carrier, or pushed out by newer ones.
    package var datagramsDropped = 0
    /// Responses to nothing that is waited for.
    package var unmatchedResponses = 0
    /// Bodies' bytes before and after compression, of those that were compressed.
    package var bytesBeforeCompression = 0
    package var bytesAfterCompression = 0
}
