import GodwitWire
import NIOCore
import Testing

@testable import GodwitClient

@Suite("The ledger of failures that the server did not see")
struct FailureLedgerTests {
    private static let noon: Int64 = 1_790_000_000_000

    @Test("failures of one kind are counted together with the age of the oldest")
    func counting() throws {
        var ledger = FailureLedger()
        ledger.recordAttempt(.datagram, phase: .connect, failure: .timedOut, wallMilliseconds: Self.noon)
        ledger.recordAttempt(.datagram, phase: .connect, failure: .timedOut, wallMilliseconds: Self.noon + 4_000)
        ledger.recordAttempt(.stream, phase: .connect, failure: .refused, wallMilliseconds: Self.noon + 9_000)
        let report = ledger.report(wallMilliseconds: Self.noon + 10_000)
        let expected = [
            ClientReport.Entry(
                kind: .attempt, carrier: .datagram, phase: .connect, result: .udpTimedOut, count: 2, ageSeconds: 10),
            ClientReport.Entry(
                kind: .attempt, carrier: .stream, phase: .connect, result: .tcpRefused, count: 1, ageSeconds: 1),
        ]
        #expect(report.entries == expected)
    }

    @Test("the ledger survives the process and its failures grow older meanwhile")
    func persistence() throws {
        var ledger = FailureLedger()
        ledger.recordTask(.stream, wallMilliseconds: Self.noon)
        let bytes = try #require(ledger.encoded(wallMilliseconds: Self.noon + 2_000))
        let restored = FailureLedger(decoding: bytes)
        let entry = try #require(restored.report(wallMilliseconds: Self.noon + 60_000).entries.first)
        #expect(entry.kind == .task)
        #expect(entry.result == .requestTimedOut)
        #expect(entry.ageSeconds == 60)
    }

    @Test("a clock that was set back gives no negative age")
    func clockSetBack() {
        var ledger = FailureLedger()
        ledger.recordTask(.stream, wallMilliseconds: Self.noon)
        #expect(ledger.report(wallMilliseconds: 0).entries.map(\.ageSeconds) == [0])
    }

    @Test("damaged bytes give an empty ledger", arguments: 0..<200 as Range<UInt64>)
    func damage(seed: UInt64) throws {
        let random = RandomSource.seeded(seed)
        var ledger = FailureLedger()
        ledger.recordAttempt(.stream, phase: .handshake, failure: .pinMismatch, wallMilliseconds: Self.noon)
        var bytes = try #require(ledger.encoded(wallMilliseconds: Self.noon))
        bytes[Int(random.next() % UInt64(bytes.count))] ^= UInt8(1 + random.next() % 255)
        bytes.removeLast(Int(random.next() % 3))
        _ = FailureLedger(decoding: bytes).report(wallMilliseconds: .max)
    }

    @Test("what could not be delivered is taken back")
    func merging() {
        var told = FailureLedger()
        told.recordTask(.datagram, wallMilliseconds: Self.noon)
        var ledger = FailureLedger()
        ledger.recordTask(.datagram, wallMilliseconds: Self.noon + 5_000)
        ledger.merge(told)
        let report = ledger.report(wallMilliseconds: Self.noon + 5_000)
        #expect(report.entries.map(\.count) == [2])
        #expect(report.entries.map(\.ageSeconds) == [5])
    }
}

@Suite("Server addresses")
struct ServerEndpointNameTests {
    @Test(
        "hosts, IPv4 and IPv6 addresses are read",
        arguments: [
            ("a.example:7400", "a.example", 7_400), ("127.0.0.1:1", "127.0.0.1", 1), ("[::1]:65535", "::1", 65_535),
        ]
    )
    func good(text: String, host: String, port: Int) throws {
        let name = try ServerEndpointName(parsing: text)
        #expect(name == ServerEndpointName(host: host, port: port))
        #expect(name.description == text)
    }

    @Test(
        "others are refused with advice",
        arguments: ["", "host", "host:", "host:0", "host:65536", ":80", "::1:80", "h:x"])
    func bad(text: String) {
        #expect(throws: ClientError.badServerName(text)) { try ServerEndpointName(parsing: text) }
    }
}
