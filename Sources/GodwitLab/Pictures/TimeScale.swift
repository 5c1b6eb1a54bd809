import Foundation

/// A logarithmic axis of milliseconds.
struct TimeScale {
    let low: Double
    let high: Double
    let from: Double
    let to: Double

    /// From the largest of 1, 2, 5 · 10ⁿ that is at most the least value to the smallest one that is at least the greatest.
    init(values: [Double], from: Double, to: Double) {
        let finite = values.filter { $0.isFinite && $0 > 0 }
        let least = max(finite.min() ?? 10, 0.1)
        let most = max(finite.max() ?? 1_000, least)
        var low = Self.steps.last { $0 <= least } ?? 0.1
        let high = Self.steps.first { $0 >= most } ?? most
        // An axis spans something.
        if low >= high { low = high / 10 }
        (self.low, self.high, self.from, self.to) = (low, high, from, to)
    }

    /// Half a millisecond to some hours.
    private static let steps: [Double] = (-1...7).flatMap { exponent in
        [1.0, 2, 5].map { $0 * pow(10, Double(exponent)) }
    }

    func position(_ milliseconds: Double) -> Double {
        let clamped = min(max(milliseconds, low), high)
        return from + (to - from) * log(clamped / low) / log(high / low)
    }

    var ticks: [(milliseconds: Double, text: String)] {
        Self.steps.filter { $0 >= low && $0 <= high }.map { ($0, Self.text($0)) }
    }

    static func text(_ milliseconds: Double) -> String {
        guard milliseconds.isFinite else { return "never" }
        if milliseconds >= 10_000 { return Figure.grouped(milliseconds / 1_000) + " s" }
        if milliseconds >= 1_000 {
            let seconds = Figure.decimals(milliseconds / 1_000, 1)
            return (seconds.hasSuffix(".0") ? String(seconds.dropLast(2)) : seconds) + " s"
        }
        return (milliseconds < 1 ? Figure.decimals(milliseconds, 1) : Figure.grouped(milliseconds)) + " ms"
    }
}
