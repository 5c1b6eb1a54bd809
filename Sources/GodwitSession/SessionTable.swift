import GodwitWire
import HeapModule
import NIOCore

/// The sessions of one event loop of a server. Bounded: the session longest without a carrier makes room for a new one.
package final class SessionTable {
    private let configuration: SessionTableConfiguration
    private let loopIndex: UInt8
    private let random: RandomSource
    private let lender: SessionLender
    private var sessions: [SessionID: Session] = [:]
    /// One entry a session, never later than its real end; looked at again when its time comes.
    private var deadlines = Heap<Deadline>()
    package private(set) var statistics = SessionTableStatistics()

    private struct Deadline: Comparable {
        let at: NIODeadline
        let id: SessionID

        static func < (left: Self, right: Self) -> Bool { left.at < right.at }
    }

    /// Sessions looked at for one eviction. Those with a carrier are put off by a whole lifetime when they are seen, so
    /// a table that has anything to evict finds it in a step or two as a rule.
    private static let evictionProbes = 64
    /// Sessions that one call of `expire` ends at most.
    private static let expiryBatch = 1_024

    package init(
        configuration: SessionTableConfiguration = SessionTableConfiguration(), loopIndex: UInt8, random: RandomSource,
        compressor: Compressor = Compressor()
    ) {
        self.configuration = configuration
        self.loopIndex = loopIndex
        self.random = random
        lender = SessionLender(configuration: configuration.session, compressor: compressor)
    }

    package var count: Int { sessions.count }

    package subscript(id: SessionID) -> Session? { sessions[id] }

    /// Decides on a carrier's first envelope, which must be OPEN. On an error the owner sends
    /// `SessionError.rejection` and closes the carrier; no session has changed.
    package func open(_ bytes: ByteBuffer, now: NIODeadline) throws(SessionError) -> OpenResult {
        let envelope: Envelope
        do { envelope = try Envelope(decoding: bytes) } catch { throw .envelope(error) }
        guard case .open(let open) = envelope else { throw .unexpected(envelope: envelope.name) }
        guard open.version == OpenEnvelope.version else { throw .unsupportedVersion(open.version) }
        guard let ticket = open.resumption?.ticket else { return .opened(try create(open, now: now)) }
        if ticket.id.loop != loopIndex, Int(ticket.id.loop) < configuration.loopCount {
            return .home(loop: ticket.id.loop)
        }
        guard let session = sessions[ticket.id], let known = session.ticket else {
            statistics.unknownTickets += 1
            return .opened(try create(open, now: now))
        }
        guard known.secret == ticket.secret else {
            statistics.wrongSecrets += 1
            return .opened(try create(open, now: now))
        }
        // Its time may be over though nobody has swept it away yet.
        if let end = self.end(of: session), end <= now {
            remove(ticket.id)
            statistics.expired += 1
            statistics.unknownTickets += 1
            return .opened(try create(open, now: now))
        }
        return .opened(try reopen(session, id: ticket.id, open: open, now: now))
    }

    private func reopen(
        _ session: Session, id: SessionID, open: OpenEnvelope, now: NIODeadline
    ) throws(SessionError) -> OpenedSession {
        let hadCarrier = session.isAttached
        let resumption = try session.attach(open, now: now)
        switch resumption {
        case .new: statistics.created += 1
        case .resumed: statistics.resumed += 1
        case .restarted: statistics.restarted += 1
        }
        return OpenedSession(
            id: id, session: session, resumption: resumption, supersededCarrier: hadCarrier,
            attachment: session.attachment, evicted: nil)
    }

    private func create(_ open: OpenEnvelope, now: NIODeadline) throws(SessionError) -> OpenedSession {
        let evicted = try makeRoom(now: now)
        let ticket = newTicket()
        let session = Session(
            role: .server, ticket: ticket, incarnation: open.incarnation, lender: lender)
        let resumption = try session.attach(open, now: now)
        sessions[ticket.id] = session
        schedule(ticket.id, at: now + configuration.unconfirmedLifetime)
        statistics.created += 1
        return OpenedSession(
            id: ticket.id, session: session, resumption: resumption, supersededCarrier: false,
            attachment: session.attachment, evicted: evicted)
    }

    private func newTicket() -> SessionTicket {
        var id: SessionID
        repeat {
            id = SessionID(rawValue: UInt64(loopIndex) << 56 | random.next() >> 8)
        } while sessions[id] != nil
        return SessionTicket(id: id, secret: TicketSecret(high: random.next(), low: random.next()))
    }

    private func makeRoom(now: NIODeadline) throws(SessionError) -> SessionID? {
        guard sessions.count >= configuration.maximumSessions else { return nil }
        for _ in 0..<Self.evictionProbes {
            guard let earliest = deadlines.popMin() else { break }
            guard let session = sessions[earliest.id] else { continue }
            guard let end = self.end(of: session) else {
                schedule(earliest.id, at: now + configuration.lifetime)
                continue
            }
            // Used since the entry was made: another session may be idle for longer.
            if end > earliest.at, let next = deadlines.min, next.at < end {
                schedule(earliest.id, at: end)
                continue
            }
            sessions[earliest.id] = nil
            statistics.evicted += 1
            return earliest.id
        }
        statistics.refusedFull += 1
        throw .tableFull(limit: configuration.maximumSessions)
    }

    private func schedule(_ id: SessionID, at: NIODeadline) {
        // Entries of removed sessions go when their time comes; many of them, after a day of logouts, go at once.
        if deadlines.count > 2 * sessions.count + Self.expiryBatch {
            deadlines = Heap(deadlines.unordered.filter { sessions[$0.id] != nil && $0.id != id })
        }
        deadlines.insert(Deadline(at: at, id: id))
    }

    /// When a session without a carrier is over; nil = it has one.
    private func end(of session: Session) -> NIODeadline? {
        guard let since = session.detachedSince else { return nil }
        return since + (session.isConfirmed ? configuration.lifetime : configuration.unconfirmedLifetime)
    }

    /// Forgets a session, after a logout for instance. Its ticket is unknown from now on.
    package func remove(_ id: SessionID) { sessions[id] = nil }

    /// Ends the sessions that were without a carrier for too long, at most 1,024 a call.
    package func expire(now: NIODeadline) -> [SessionID] {
        var ended: [SessionID] = []
        while ended.count < Self.expiryBatch, let earliest = deadlines.min, earliest.at <= now {
            deadlines.removeMin()
            guard let session = sessions[earliest.id] else { continue }
            let end = self.end(of: session) ?? now + configuration.lifetime
            if end > now {
                schedule(earliest.id, at: end)
            } else {
                sessions[earliest.id] = nil
                ended.append(earliest.id)
            }
        }
        statistics.expired += ended.count
        return ended
    }

    /// When `expire` has something to look at.
    package func pollTimeout() -> NIODeadline? { deadlines.min?.at }
}
