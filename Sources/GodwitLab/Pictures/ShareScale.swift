import Foundation

/// An axis of shares that gives each further nine the same height: 0 to 90 % is as high as 90 to 99 %. Tails are where systems differ.
struct ShareScale {
    /// The share at the top.
    let top: Double
    let from: Double
    let to: Double

    /// So few samples tell nothing of what is beyond the top.
    init(samples: Int, from: Double, to: Double) {
        top = samples >= 100 ? 0.99 : samples >= 20 ? 0.95 : 0.9
        (self.from, self.to) = (from, to)
    }

    func position(_ share: Double) -> Double {
        let clamped = min(max(share, 0), top)
        return from + (to - from) * log10(1 - clamped) / log10(1 - top)
    }

    var ticks: [(share: Double, text: String)] {
        [0, 0.25, 0.5, 0.75, 0.9, 0.95, 0.98, 0.99].filter { $0 <= top }.map { ($0, Figure.grouped($0 * 100) + " %") }
    }
}
