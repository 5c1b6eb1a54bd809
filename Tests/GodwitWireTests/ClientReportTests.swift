import GodwitWire
import NIOCore
import Testing

@Suite("Client reports")
struct ClientReportTests {
    private let entry = ClientReport.Entry(
        kind: .attempt, carrier: .stream, phase: .tls, result: .tlsPinMismatch, count: 3, ageSeconds: 70)

    @Test("a report reads back as it was written")
    func roundTrip() throws {
        let random = RandomSource.seeded(9)
        for _ in 0..<500 {
            let entries = (0..<(random.next() % 20)).map { _ in
                ClientReport.Entry(
                    kind: random.uniform() < 0.5 ? .attempt : .task,
                    carrier: CarrierKind.allCases[Int(random.next() % UInt64(CarrierKind.allCases.count))],
                    phase: ClientReport.Phase.allCases[Int(random.next() % 4)],
                    result: ClientReport.Result.allCases[
                        Int(random.next() % UInt64(ClientReport.Result.allCases.count))],
                    count: UInt32(truncatingIfNeeded: random.next()) | 1,
                    ageSeconds: UInt32(truncatingIfNeeded: random.next()))
            }
            var buffer = ByteBuffer()
            ClientReport(entries: entries).encode(into: &buffer)
            #expect(try ClientReport(decoding: buffer) == ClientReport(entries: entries))
        }
    }

    @Test("an entry takes a few bytes, and no more than 256 are written")
    func sizes() throws {
        var buffer = ByteBuffer()
        ClientReport(entries: [entry]).encode(into: &buffer)
        #expect(buffer.readableBytes == 9)
        buffer.clear()
        ClientReport(entries: Array(repeating: entry, count: 300)).encode(into: &buffer)
        #expect(try ClientReport(decoding: buffer).entries.count == 256)
    }

    @Test("unknown results are kept as other; unknown versions, kinds and counts are refused")
    func unknown() throws {
        let unknownResult = ByteBuffer(bytes: [1, 1, 0, 0, 0, 200, 1, 0])
        #expect(try ClientReport(decoding: unknownResult).entries.first?.result == .other)
        for bytes in [
            [2, 0], [1, 1, 9, 0, 0, 0, 1, 0], [1, 1, 0, 99, 0, 0, 1, 0], [1, 1, 0, 0, 0, 0, 0, 0], [1, 0, 0],
        ] {
            #expect(throws: EnvelopeError.self) { try ClientReport(decoding: ByteBuffer(bytes: bytes.map(UInt8.init))) }
        }
    }

    @Test("names of commands, statuses and results are distinct")
    func names() {
        #expect(Set(Command.allCases.map(\.name)).count == Command.allCases.count)
        #expect(Set(Status.allCases.map(\.name)).count == Status.allCases.count)
        #expect(Set(ClientReport.Result.allCases.map(\.name)).count == ClientReport.Result.allCases.count)
        #expect(Command.notify.commandClass == .im)
        #expect(CommandClass(rawCommand: 4_000) == .other)
    }
}
