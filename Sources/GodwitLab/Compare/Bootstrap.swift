import Foundation

/// How a figure of a cell would have come out in other runs of the same luck: bootstrap over runs and over raw samples.
///
/// Samples that follow each other meet the same bursts and queues, so they are drawn in blocks of neighbours (circular block bootstrap,
/// Politis and Romano 1992), not one by one, which would promise too little noise.
enum Bootstrap {
    /// Enough for the ends of a 99 % interval.
    static let usualDraws = 1_000
    /// What never came back counts as this long, so that differences stay numbers. Longer than any cell waits.
    static let neverMilliseconds = 120_000.0

    /// Draws of each figure; nil where the runs have no samples of it (a figure that is one number a run).
    static func draw(_ figures: [Figure], from runs: [CellRecord], draws: Int, seed: UInt64) -> [Figure: [Double]] {
        var result: [Figure: [Double]] = [:]
        var measures: [String: [Figure]] = [:]
        for figure in figures {
            if case .latency(let family, _) = figure.source { measures[family, default: []].append(figure) }
        }
        for (family, figures) in measures.sorted(by: { $0.key < $1.key }) {
            let series = runs.compactMap { $0.samples[family] }.filter { !$0.isEmpty }.map {
                $0.map { $0 ?? .infinity }
            }
            guard !series.isEmpty else { continue }
            var generator = SplitMix(seed: seed)
            for _ in 0..<draws {
                let sampled = series.map { _ in
                    Latencies(resample(series[Int.random(in: series.indices, using: &generator)], using: &generator))
                }
                for figure in figures {
                    guard case .latency(_, let measure) = figure.source,
                        let value = Figure.median(sampled.compactMap { measure.value(of: $0) })
                    else { continue }
                    result[figure, default: []].append(finite(value))
                }
            }
        }
        return result
    }

    static func finite(_ value: Double) -> Double { min(value, neverMilliseconds) }

    private static func resample(_ samples: [Double], using generator: inout SplitMix) -> [Double] {
        let count = samples.count
        let block = max(1, Int(cbrt(Double(count)).rounded()))
        var result: [Double] = []
        result.reserveCapacity(count)
        while result.count < count {
            let start = Int.random(in: 0..<count, using: &generator)
            for offset in 0..<min(block, count - result.count) { result.append(samples[(start + offset) % count]) }
        }
        return result
    }
}
