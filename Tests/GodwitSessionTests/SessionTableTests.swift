import GodwitWire
import NIOCore
import Testing

@testable import GodwitSession

@Suite("The session table")
struct SessionTableTests {
    private let start = NIODeadline.uptimeNanoseconds(1)

    private func open(_ ticket: SessionTicket? = nil, incarnation: UInt64 = 1) -> ByteBuffer {
        var buffer = ByteBuffer()
        OpenEnvelope(
            incarnation: incarnation, attempt: 1, newestDictionary: 0,
            resumption: ticket.map { OpenEnvelope.Resumption(ticket: $0, received: AckState()) }
        ).encode(into: &buffer)
        return buffer
    }

    private func opened(_ table: SessionTable, _ bytes: ByteBuffer, at now: NIODeadline) throws -> OpenedSession {
        guard case .opened(let opened) = try table.open(bytes, now: now) else { throw SessionPair.WrongLoop() }
        return opened
    }

    private func confirm(_ session: Session) throws {
        var buffer = ByteBuffer()
        Envelope.ping(1).encode(into: &buffer)
        try session.receive(buffer, now: start)
    }

    @Test("a ticket of another loop goes there; one of a loop that does not exist is unknown")
    func home() throws {
        var configuration = SessionTableConfiguration()
        configuration.loopCount = 2
        let table = SessionTable(configuration: configuration, loopIndex: 0, random: .seeded(1))
        let secret = TicketSecret(high: 0, low: 0)
        let elsewhere = SessionTicket(id: SessionID(rawValue: 1 << 56), secret: secret)
        guard case .home(let loop) = try table.open(open(elsewhere), now: start) else {
            Issue.record("opened here")
            return
        }
        #expect(loop == 1)
        let nowhere = SessionTicket(id: SessionID(rawValue: 9 << 56), secret: secret)
        #expect(try opened(table, open(nowhere), at: start).id.loop == 0)
    }

    @Test("a full table evicts the session longest without a carrier, and refuses when all have one")
    func eviction() throws {
        var configuration = SessionTableConfiguration()
        configuration.maximumSessions = 3
        let table = SessionTable(configuration: configuration, loopIndex: 0, random: .seeded(2))
        let sessions = try (0..<3).map { _ in try opened(table, open(), at: start) }
        for session in sessions { try confirm(session.session) }
        #expect(throws: SessionError.tableFull(limit: 3)) { try table.open(open(), now: start) }
        sessions[2].session.carrierDetached(now: start + .seconds(1))
        sessions[0].session.carrierDetached(now: start + .seconds(2))
        let next = try opened(table, open(), at: start + .seconds(3))
        #expect(next.evicted == sessions[2].id)
        #expect(table.count == 3)
        #expect(table.statistics.evicted == 1)
        #expect(table.statistics.refusedFull == 1)
    }

    @Test("a session without a carrier expires after its lifetime, one that was never confirmed much sooner")
    func expiry() throws {
        let table = SessionTable(loopIndex: 0, random: .seeded(3))
        let confirmed = try opened(table, open(), at: start)
        let unconfirmed = try opened(table, open(), at: start)
        let connected = try opened(table, open(), at: start)
        try confirm(confirmed.session)
        confirmed.session.carrierDetached(now: start + .seconds(10))
        unconfirmed.session.carrierDetached(now: start + .seconds(10))
        #expect(table.expire(now: start + .seconds(65)) == [])
        #expect(table.expire(now: start + .seconds(70)) == [unconfirmed.id])
        #expect(table.expire(now: start + .hours(24)) == [])
        #expect(table.expire(now: start + .hours(24) + .seconds(10)) == [confirmed.id])
        #expect(table.expire(now: start + .hours(100)) == [])
        #expect(table[connected.id] != nil)
        #expect(table.statistics.expired == 2)
    }

    @Test("a ticket whose time is over is unknown even before anybody swept it away")
    func lateTicket() throws {
        let table = SessionTable(loopIndex: 0, random: .seeded(4))
        let first = try opened(table, open(), at: start)
        try confirm(first.session)
        let ticket = try #require(first.session.ticket)
        first.session.carrierDetached(now: start)
        let late = try opened(table, open(ticket, incarnation: 2), at: start + .hours(25))
        #expect(late.resumption == .new)
        #expect(table[first.id] == nil)
    }

    @Test("an OPEN of another version, or none at all, is refused with a reason")
    func refusals() throws {
        let table = SessionTable(loopIndex: 0, random: .seeded(5))
        #expect(throws: SessionError.unsupportedVersion(2)) {
            try table.open(ByteBuffer(bytes: [1, 2, 0xff]), now: start)
        }
        #expect(throws: SessionError.unexpected(envelope: "PING")) {
            try table.open(ByteBuffer(bytes: [5, 0, 0]), now: start)
        }
        let rejection = SessionError.unsupportedVersion(2).rejection()
        guard case .rejected(let rejected) = try Envelope(decoding: rejection) else {
            Issue.record("not a rejection")
            return
        }
        #expect(rejected.reason == .unsupportedVersion)
        #expect(rejected.text.contains("update"))
        #expect(table.count == 0)
    }
}
