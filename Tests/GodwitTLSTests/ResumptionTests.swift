import GodwitTLS
import NIOCore
import Testing

@Suite("Resumption")
struct ResumptionTests {
    /// A server with tickets, and clients that come to it again and again.
    struct Place {
        let server: TLSContext
        let client: TLSContext
        var tickets: TicketIssuer { get throws { try #require(server.tickets) } }

        init(_ change: (inout TicketIssuer.Configuration) -> Void = { _ in }, secret: UInt8 = 7) throws {
            var configuration = TicketIssuer.Configuration(secret: [UInt8](repeating: secret, count: 32))
            change(&configuration)
            let identity = try TLSPair.identity.get()
            server = try .server(identity: identity, alpn: ["godwit/1"], tickets: TicketIssuer(configuration))
            client = try .client(pins: [identity.pin], alpn: ["godwit/1"])
        }

        /// One handshake, with the ticket that came of it.
        func visit(
            _ resumption: TLSResumption? = nil, at now: NIODeadline = .uptimeNanoseconds(1_000_000_000),
            early: Bool = true
        ) throws -> Visit {
            let client = try TLSEngine(
                context: client, role: .client, serverName: nil, resumption: resumption, earlyData: early)
            let server = try TLSEngine(context: server, role: .server, serverName: nil, earlyData: true)
            try client.start()
            var visit = Visit(client: client, server: server)
            visit.clientEarlyKey = client.exportEarlyKeyingMaterial(label: "EXPORTER-test", context: [1], length: 32)
            let hello = try #require(client.takeOutput())
            visit.hello = hello
            try server.receive(hello, now: now)
            visit.serverEarlyKey = server.exportEarlyKeyingMaterial(label: "EXPORTER-test", context: [1], length: 32)
            while true {
                if let down = server.takeOutput() {
                    try client.receive(down, now: now)
                    if client.isHandshakeComplete { try client.readTickets() }
                } else if let up = client.takeOutput() {
                    try server.receive(up, now: now)
                } else {
                    break
                }
            }
            #expect(client.isHandshakeComplete && server.isHandshakeComplete)
            visit.ticket = client.takeTicket()
            return visit
        }
    }

    struct Visit {
        let client: TLSEngine
        let server: TLSEngine
        var hello = ByteBuffer()
        var clientEarlyKey: [UInt8]?
        var serverEarlyKey: [UInt8]?
        var ticket: ResumptionTicket?
    }

    private func seconds(_ count: Int64) -> NIODeadline { .uptimeNanoseconds(UInt64(1 + count) * 1_000_000_000) }

    private func resumption(_ ticket: ResumptionTicket?, age: Int64) throws -> TLSResumption {
        TLSResumption(ticket: try #require(ticket), age: .seconds(age))
    }

    @Test("the second visit brings early data, under keys that both ends and nobody else know")
    func earlyData() throws {
        let place = try Place()
        let first = try place.visit()
        #expect(!first.client.isResumed)
        let second = try place.visit(resumption(first.ticket, age: 60), at: seconds(60))
        #expect(second.client.isResumed && second.server.isResumed)
        #expect(second.client.isEarlyDataAccepted && second.server.isEarlyDataAccepted)
        #expect(second.clientEarlyKey != nil && second.clientEarlyKey == second.serverEarlyKey)
        #expect(second.hello.readableBytes < 560)
        // Each visit gives a new ticket.
        let third = try place.visit(resumption(second.ticket, age: 5), at: seconds(65))
        #expect(third.client.isEarlyDataAccepted)
        #expect(try place.tickets.counters.earlyAccepted == 2)
    }

    @Test("a first flight that is sent again brings no early data")
    func replay() throws {
        let place = try Place()
        let first = try place.visit()
        let second = try place.visit(resumption(first.ticket, age: 60), at: seconds(60))
        for later in [Int64(60), 61, 67, 71, 80, 3_600] {
            let victim = try TLSEngine(context: place.server, role: .server, serverName: nil, earlyData: true)
            try victim.receive(second.hello, now: seconds(later))
            #expect(victim.exportEarlyKeyingMaterial(label: "EXPORTER-test", context: [1], length: 32) == nil)
            #expect(!victim.isEarlyDataAccepted)
        }
        #expect(try place.tickets.counters.earlyAccepted == 1)
        #expect(try place.tickets.counters.earlyReplayed >= 3)
    }

    @Test("the same ticket again resumes, without early data")
    func ticketTwice() throws {
        let place = try Place()
        let first = try place.visit()
        _ = try place.visit(resumption(first.ticket, age: 3), at: seconds(3))
        let again = try place.visit(resumption(first.ticket, age: 4), at: seconds(4))
        #expect(again.client.isResumed && !again.client.isEarlyDataAccepted && again.serverEarlyKey == nil)
    }

    @Test("a server that started again refuses early data until it cannot have seen it before")
    func restart() throws {
        let before = try Place()
        let first = try before.visit()
        let used = try before.visit(resumption(first.ticket, age: 10), at: seconds(10))
        let after = try Place { $0.earlyDataFrom = seconds(11) + TicketIssuer.Configuration.amnesia }
        let victim = try TLSEngine(context: after.server, role: .server, serverName: nil, earlyData: true)
        try victim.receive(used.hello, now: seconds(12))
        #expect(!victim.isEarlyDataAccepted)
        let later = try TLSEngine(context: after.server, role: .server, serverName: nil, earlyData: true)
        try later.receive(used.hello, now: seconds(11 + 13))
        #expect(!later.isEarlyDataAccepted)
        let honest = try after.visit(resumption(used.ticket, age: 30), at: seconds(40))
        #expect(honest.client.isEarlyDataAccepted)
        // Other keys: not even resumed.
        let stranger = try Place(secret: 9)
        let full = try stranger.visit(resumption(used.ticket, age: 30), at: seconds(40))
        #expect(!full.client.isResumed && full.clientEarlyKey != nil && full.serverEarlyKey == nil)
        #expect(try stranger.tickets.counters.unknown == 1)
    }

    @Test("a ticket lives for two periods of its key, and is unknown after three")
    func rotation() throws {
        let place = try Place { $0.period = 100 }
        let first = try place.visit(at: seconds(99))
        #expect(try place.visit(resumption(first.ticket, age: 195), at: seconds(294)).client.isResumed)
        let late = try place.visit(at: seconds(99))
        #expect(try !place.visit(resumption(late.ticket, age: 205), at: seconds(304)).client.isResumed)
        #expect(try !place.visit(resumption(late.ticket, age: 100), at: seconds(500)).client.isResumed)
    }

    @Test("a ticket older or newer than it says brings no early data")
    func wrongAge() throws {
        let place = try Place()
        let first = try place.visit()
        let second = try place.visit(resumption(first.ticket, age: 60), at: seconds(100))
        #expect(second.client.isResumed && !second.client.isEarlyDataAccepted)
    }

    @Test("a client whose pins have changed does not resume")
    func otherPins() throws {
        let place = try Place()
        let first = try place.visit()
        let other = try ServerIdentity.generate(commonName: "other")
        let engine = try TLSEngine(
            context: .client(pins: [other.pin], alpn: ["godwit/1"]), role: .client, serverName: nil,
            resumption: resumption(first.ticket, age: 1), earlyData: true)
        try engine.start()
        #expect(engine.exportEarlyKeyingMaterial(label: "EXPORTER-test", context: [], length: 32) == nil)
    }

    @Test("bytes that are no ticket make a full handshake", arguments: [1, 100, 600])
    func garbage(count: Int) throws {
        let bytes = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37) }
        let place = try Place()
        let visit = try place.visit(resumption(ResumptionTicket(bytes: bytes), age: 0))
        #expect(!visit.client.isResumed && visit.clientEarlyKey == nil)
    }

    @Test("a first flight with anything changed brings no early data")
    func forgery() throws {
        let place = try Place()
        let first = try place.visit()
        let ticket = try #require(first.ticket)
        let engine = try TLSEngine(
            context: place.client, role: .client, serverName: nil, resumption: resumption(ticket, age: 1),
            earlyData: true)
        try engine.start()
        let hello = Array(try #require(engine.takeOutput()).readableBytesView)
        var accepted = 0
        // The record's header is not part of what is authenticated.
        for index in hello.indices.dropFirst(5) {
            var forged = hello
            forged[index] ^= 1 << UInt8(index % 8)
            let server = try TLSEngine(context: place.server, role: .server, serverName: nil, earlyData: true)
            try? server.receive(ByteBuffer(bytes: forged), now: seconds(1))
            if server.isEarlyDataAccepted { accepted += 1 }
        }
        #expect(accepted == 0)
        let server = try TLSEngine(context: place.server, role: .server, serverName: nil, earlyData: true)
        try server.receive(ByteBuffer(bytes: hello), now: seconds(1))
        #expect(server.isEarlyDataAccepted)
    }
}
