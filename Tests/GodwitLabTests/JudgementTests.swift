import Foundation
import Testing

@testable import GodwitLab

@Suite("Noise")
struct JudgementTests {
    private let p99 = Figure("p99", .latency(family: "echo_ms", .percentile(0.99)))
    private let p50 = Figure("p50", .latency(family: "echo_ms", .percentile(0.5)))
    private let soon = Figure("within 1 s", .latency(family: "echo_ms", .within(1_000)))
    private let bytes = Figure("bytes up", .bytesUpPerMessage)

    /// A run of 150 messages with a lossy network's tail.
    private func run(seed: UInt64, factor: Double = 1, bytes: Double = 300) -> CellRecord {
        var generator = SplitMix(seed: seed)
        var cell = CellRecord(profile: "loss20", scenario: "chat", peer: "godwit", run: Int(seed))
        cell.samples["echo_ms"] = (0..<150).map { _ in
            var milliseconds = 150.0 + Double.random(in: 0..<40, using: &generator)
            while Double.random(in: 0..<1, using: &generator) < 0.3 { milliseconds += 300 }
            return milliseconds * factor
        }
        (cell.sent, cell.wire) = (150, .init(upBytes: 150 * bytes, downBytes: 0))
        return cell
    }

    private func verdict(_ figure: Figure, _ before: [CellRecord], _ after: [CellRecord]) -> Judgement.Verdict? {
        Judgement.judge([figure], before: before, after: after, draws: 200).first?.verdict
    }

    @Test("runs that differ only in their dice are within noise, nearly always")
    func same() {
        var changed = 0
        for seed in stride(from: UInt64(1), to: 60, by: 6) {
            let judgements = Judgement.judge(
                [p50, p99, soon], before: (seed..<seed + 3).map { run(seed: $0) },
                after: (seed + 3..<seed + 6).map { run(seed: $0) })
            changed += judgements.count { $0.verdict != .withinNoise }
        }
        // One percent of 30 is expected; a percentile of so few samples has rough noise.
        #expect(changed <= 4)
    }

    @Test("a change that is larger than the noise is seen, with its direction")
    func different() {
        let (before, after) = ((1...3).map { run(seed: $0) }, (4...6).map { run(seed: UInt64($0), factor: 1.5) })
        #expect(verdict(p50, before.map { $0 }, after) == .worse)
        #expect(verdict(p50, after, before) == .better)
        #expect(verdict(soon, before, (7...9).map { run(seed: UInt64($0), factor: 4) }) == .worse)
    }

    @Test("one number a run is judged by the spread of three runs, else by an assumed fifth")
    func scalars() throws {
        let one = try #require(
            Judgement.judge([bytes], before: [run(seed: 1)], after: [run(seed: 2, bytes: 330)], draws: 200).first)
        #expect(one.noise == .assumed && one.verdict == .withinNoise)
        #expect(verdict(bytes, [run(seed: 1)], [run(seed: 2, bytes: 390)]) == .worse)
        let before = (1...3).map { run(seed: $0, bytes: 300 + Double($0)) }
        let three = try #require(
            Judgement.judge(
                [bytes], before: before, after: (1...3).map { run(seed: $0, bytes: 329 + Double($0)) }, draws: 200
            )
            .first)
        #expect(three.noise == .measured && three.verdict == .worse)
        let wide = (1...3).map { run(seed: $0, bytes: 200 + 100 * Double($0)) }
        #expect(verdict(bytes, wide, (1...3).map { run(seed: $0, bytes: 230 + 100 * Double($0)) }) == .withinNoise)
    }

    @Test("a judgement comes out the same each time")
    func repeatable() {
        let (before, after) = ([run(seed: 1)], [run(seed: 2)])
        #expect(
            Judgement.judge([p99], before: before, after: after, draws: 200)
                == Judgement.judge([p99], before: before, after: after, draws: 200)
        )
    }

    @Test("losing everything is worse, and no number of it is infinite")
    func never() throws {
        var dead = run(seed: 2)
        dead.samples["echo_ms"] = Array(repeating: nil, count: 150)
        let judgement = try #require(Judgement.judge([p50], before: [run(seed: 1)], after: [dead], draws: 200).first)
        #expect(judgement.verdict == .worse && judgement.low.isFinite && judgement.change.isFinite)
    }

    @Test("a comparison counts Godwit's regressions alone, and names cells that one side lacks")
    func comparison() {
        var (before, after) = (Results.sample, Results.sample)
        for index in after.cells.indices where after.cells[index].profile == "loss20" {
            after.cells[index].samples["echo_ms"] = after.cells[index].samples["echo_ms"]?.map { $0.map { $0 * 1.4 } }
        }
        before.cells.append(CellRecord(profile: "2g", scenario: "chat", peer: "godwit"))
        let comparison = Comparison(before: before, after: after, draws: 200)
        #expect(comparison.onlyBefore == ["chat/2g/godwit"] && comparison.onlyAfter.isEmpty)
        #expect(Set(comparison.entries(.worse).map(\.peer)) == ["godwit", "tcp"])
        #expect(comparison.regressions(of: ["godwit"]).map(\.judgement.figure.name) == ["p50", "p90", "p99", "max"])
        let text = comparison.text(before: before, after: after)
        #expect(
            text.contains("+40 %") && text.contains("within noise")
                && text.contains("Only A has figures of: chat/2g/godwit"))
        #expect(
            Comparison(before: before, after: before, draws: 200).text(before: before, after: before).contains(
                "Nothing changed beyond the noise."))
    }
}
