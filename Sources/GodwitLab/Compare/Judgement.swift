/// Whether one figure differs between two sets of runs by more than their noise.
package struct Judgement: Sendable, Equatable {
    package enum Verdict: Sendable, Equatable {
        case better, worse, withinNoise
    }

    package enum Noise: Sendable, Equatable {
        /// From the raw samples, or from the spread of the runs.
        case measured
        /// Too few runs of a figure that is one number a run.
        case assumed
    }

    /// What a figure with one number a run may differ between two single runs (weak-network.md: "read differences under 20 % as noise").
    static let assumedRelativeNoise = 0.20
    /// Runs from which their own spread tells the noise.
    static let runsForSpread = 3
    /// The share of draws that the interval holds. Of a hundred unchanged figures about one falls outside.
    static let confidence = 0.99
    /// A change must matter, not just be there: relative, and for shares in points.
    static let relevantRelativeChange = 0.02
    static let relevantPoints = 0.5

    package let figure: Figure
    package let before: Double
    package let after: Double
    /// The interval of the change, in the figure's unit.
    package let low: Double
    package let high: Double
    package let noise: Noise

    package var change: Double { Bootstrap.finite(after) - Bootstrap.finite(before) }

    /// Relative to before; nil when that was nothing.
    package var relativeChange: Double? { before == 0 ? nil : change / Bootstrap.finite(before) }

    package var verdict: Verdict {
        let isRelevant =
            figure.unit == .percent
            ? change.magnitude >= Self.relevantPoints
            : change.magnitude > Self.relevantRelativeChange * Bootstrap.finite(before).magnitude
        guard isRelevant, low > 0 || high < 0 else { return .withinNoise }
        return (change > 0) == figure.isBetterHigher ? .better : .worse
    }

    /// One judgement for each figure that both sides have.
    package static func judge(
        _ figures: [Figure], before: [CellRecord], after: [CellRecord], draws: Int = Bootstrap.usualDraws
    ) -> [Judgement] {
        let left = Bootstrap.draw(figures, from: before, draws: draws, seed: 1)
        let right = Bootstrap.draw(figures, from: after, draws: draws, seed: 2)
        return figures.compactMap { figure in
            guard let old = figure.value(of: before), let new = figure.value(of: after) else { return nil }
            let interval: (low: Double, high: Double)
            var noise = Noise.measured
            if let left = left[figure], let right = right[figure], left.count == right.count {
                interval = Self.interval(zip(right, left).map { $0 - $1 }.sorted())
            } else {
                let change = new - old
                let values = [before, after].map { runs in runs.compactMap { figure.value(of: $0) } }
                let width: Double
                if values.allSatisfy({ $0.count >= runsForSpread }) {
                    width =
                        values.map(Self.deviationOfMean).map { $0 * $0 }.reduce(0, +).squareRoot()
                        * Self.student(values[0].count + values[1].count - 2)
                } else {
                    noise = .assumed
                    width = assumedRelativeNoise * max(old.magnitude, new.magnitude)
                }
                interval = (change - width, change + width)
            }
            return Judgement(
                figure: figure, before: old, after: new, low: interval.low, high: interval.high, noise: noise)
        }
    }

    private static func interval(_ sorted: [Double]) -> (low: Double, high: Double) {
        guard !sorted.isEmpty else { return (0, 0) }
        let cut = Int(Double(sorted.count) * (1 - confidence) / 2)
        return (sorted[cut], sorted[sorted.count - 1 - cut])
    }

    private static func deviationOfMean(_ values: [Double]) -> Double {
        let mean = values.reduce(0, +) / Double(values.count)
        let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
        return (squares / Double(values.count - 1) / Double(values.count)).squareRoot()
    }

    /// Student's t, two-sided 99 %, by degrees of freedom; beyond the table the normal limit is near.
    private static func student(_ freedom: Int) -> Double {
        let table = [4: 4.604, 5: 4.032, 6: 3.707, 7: 3.499, 8: 3.355, 9: 3.250, 10: 3.169]
        return table[freedom] ?? (freedom < 4 ? 9.925 : 3.106)
    }
}
