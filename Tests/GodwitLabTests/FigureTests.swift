import Foundation
import Testing

@testable import GodwitLab

@Suite("Figures")
struct FigureTests {
    @Test("percentiles are nearest-rank over all attempts, and what never came counts as longest")
    func percentiles() {
        let hundred = Latencies((1...100).map(Double.init).shuffled())
        #expect(hundred.percentile(0.5) == 50 && hundred.percentile(0.9) == 90 && hundred.percentile(0.99) == 99)
        #expect(hundred.percentile(0.07) == 7)
        #expect(hundred.percentile(0) == 1 && hundred.percentile(1) == 100)
        let lossy = Latencies([10, nil, 30, 20])
        #expect(lossy.percentile(0.5) == 20 && lossy.percentile(0.75) == 30 && lossy.percentile(0.99) == .infinity)
        #expect(lossy.maximum == .infinity && lossy.delivered == 0.75)
        #expect(Latencies([]).percentile(0.5) == nil && Latencies([]).delivered == nil)
    }

    @Test("a share within a limit includes the limit")
    func shares() {
        let latencies = Latencies([999, 1_000, 1_000.1, nil])
        #expect(latencies.share(within: 1_000) == 0.5)
        #expect(latencies.countWithin(0) == 0)
    }

    @Test("scalar figures divide by the messages, and have no value where there is nothing to divide")
    func scalars() {
        var cell = CellRecord(profile: "4g", scenario: "chat", peer: "godwit")
        (cell.wire, cell.cpu) = (.init(upBytes: 3_000, downBytes: 1_500), .init(clientSeconds: 0.2, serverSeconds: 0.1))
        let (up, cpu) = (Figure("up", .bytesUpPerMessage), Figure("CPU", .cpuPerThousand))
        #expect(up.value(of: cell) == nil)
        cell.sent = 0
        #expect(up.value(of: cell) == nil)
        cell.sent = 10
        #expect(up.value(of: cell) == 300)
        #expect(abs((cpu.value(of: cell) ?? 0) - 30) < 1e-9)
        cell.idle = .init(upBytesPerHour: 7, downBytesPerHour: 8)
        #expect(up.value(of: cell) == nil && Figure("", .bytesUpPerHour).value(of: cell) == 7)
    }

    @Test("runs are summed up by their median, in which never is a value")
    func medians() {
        #expect(Figure.median([3, 1, 2]) == 2 && Figure.median([1, 2, 3, 4]) == 2.5 && Figure.median([]) == nil)
        #expect(
            Figure.median([1, .infinity, .infinity]) == .infinity && Figure.median([.infinity, .infinity]) == .infinity)
    }

    @Test("texts are rounded, but never to all or nothing")
    func texts() {
        let (share, time) = (Figure("", .latency(family: "", .delivered)), Figure("", .latency(family: "", .maximum)))
        #expect([100, 99.97, 99.6, 42.4, 0.2, 0].map(share.text) == ["100", "99.9", "99.6", "42", "0.2", "0"])
        #expect([7.4, 1_234_567, .infinity].map(time.text) == ["7", "1,234,567", "never"])
        #expect(Figure.grouped(-1_234) == "-1,234")
    }

    @Test("a voice cell is judged by its deadline, others by one second and three")
    func rows() {
        var cell = CellRecord(profile: "4g", scenario: "voice", peer: "godwit")
        cell.samples = ["echo_ms": [100, 500, nil]]
        let voice = FigureRow.rows(for: [cell], deadline: 400)
        #expect(voice.map(\.title) == ["within 400 ms / ever %", "p50 / p90 / p99 / max ms"])
        #expect(voice[0].figures.compactMap { $0.value(of: cell) }.map { $0.rounded() } == [33, 67])
        #expect(FigureRow.rows(for: [cell], deadline: nil)[0].title == "within 1 s / 3 s / ever %")
    }

    @Test("a meeting on a bottleneck has a row of its own, in which nobody is better for a larger share")
    func fairness() throws {
        let line = #"""
            {"record":"cell","profile":"bottleneck","scenario":"fairness","peer":"godwit","samples":{},"fairness":[
            {"rival":"bbr","queue_bdp":1.0,"alone_bps":9500000,"own_bps":4e6,"rival_bps":5e6,"share":0.4444,"jain":0.9878},
            {"rival":"cubic","queue_bdp":0.5,"share":0.9,"jain":0.61}]}
            """#
        let cell = try JSONDecoder().decode(CellRecord.self, from: Data(line.utf8))
        #expect(try JSONDecoder().decode(CellRecord.self, from: JSONEncoder().encode(cell)) == cell)
        let rows = FigureRow.rows(for: [cell, cell], deadline: nil)
        #expect(
            rows.map(\.title) == [
                "beside BBR, queue 1 BDP: share %, Jain's index", "beside BBR, queue 1 BDP: alone kbit/s",
                "beside CUBIC, queue 0.5 BDP: share %, Jain's index", "beside CUBIC, queue 0.5 BDP: alone kbit/s",
            ])
        let texts = rows.map { row in row.figures.map { figure in figure.value(of: cell).map(figure.text) } }
        #expect(texts == [["44", "0.99"], ["9,500"], ["90", "0.61"], [nil]])
        #expect(rows[0].figures.map(\.isJudged) == [false, true])
    }

    @Test("a storm tells how many took part")
    func storm() {
        var cell = CellRecord(profile: "4g", scenario: "storm", peer: "godwit")
        cell.storm = .init(clients: 50)
        let rows = FigureRow.rows(for: [cell], deadline: nil)
        #expect(rows.map(\.title) == ["clients"] && rows[0].figures[0].value(of: cell) == 50)
    }
}
