import GodwitMetrics
import GodwitWire
import NIOCore
import Testing

@testable import GodwitEdge

@Suite("What clients report afterwards", .timeLimit(.minutes(1)))
struct ReportTests {
    private func body(_ entries: [ClientReport.Entry]) -> ByteBuffer {
        var buffer = ByteBuffer()
        ClientReport(entries: entries).encode(into: &buffer)
        return buffer
    }

    @Test("failed attempts that never arrived are part of the success rate")
    func counted() async throws {
        try await EdgeFixture.serving { edge in
            let client = try await TestClient(edge)
            try await client.connect(.stream)
            let report = body([
                .init(
                    kind: .attempt, carrier: .datagram, phase: .connect, result: .udpTimedOut, count: 3, ageSeconds: 0),
                .init(
                    kind: .task, carrier: .stream, phase: .request, result: .requestTimedOut, count: 2, ageSeconds: 0),
            ])
            #expect(try await client.request(Command.report.rawValue, report).status == .ok)
            let figures = await edge.success().figures
            #expect(figures[.oneMinute, .datagram].attempts.failed == 3)
            #expect(figures[.oneMinute, .stream].tasks.failed == 2)
            let label = #"{carrier="datagram",phase="connect",result="failed",type="udp.timed_out"}"#
            #expect(await edge.sample("godwit_client_attempts_total" + label) == 3)
            try await client.leave()
        }
    }

    @Test("a report weighs little: counts are capped and reports are not taken back to back")
    func sanity() async throws {
        try await EdgeFixture.serving { edge in
            let client = try await TestClient(edge)
            try await client.connect(.datagram)
            let liar = body([
                .init(
                    kind: .attempt, carrier: .datagram, phase: .connect, result: .other, count: .max, ageSeconds: 0)
            ])
            #expect(try await client.request(Command.report.rawValue, liar).status == .ok)
            #expect(await edge.success().figures[.oneMinute, .datagram].attempts.failed == 1_000)
            #expect(try await client.request(Command.report.rawValue, liar).status == .overloaded)
            #expect(await edge.sample(#"godwit_client_reports_dropped_total{reason="too_often"}"#) == 1)
            try await client.leave()
        }
    }

    @Test("a report that cannot be read is refused and counted")
    func malformed() async throws {
        try await EdgeFixture.serving { edge in
            let client = try await TestClient(edge)
            try await client.connect(.datagram)
            let response = try await client.request(Command.report.rawValue, ByteBuffer(bytes: [9, 9, 9]))
            #expect(response.status == .badRequest)
            #expect(await edge.sample(#"godwit_client_reports_dropped_total{reason="malformed"}"#) == 1)
            try await client.leave()
        }
    }
}
