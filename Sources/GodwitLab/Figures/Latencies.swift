import Foundation

/// Times of attempts in milliseconds, those that never succeeded included: they count as longer than any other.
package struct Latencies: Sendable, Equatable {
    /// Ascending; an attempt that never succeeded is infinite.
    package let sorted: [Double]

    package init(_ samples: [Double?]) {
        self.init(samples.map { $0 ?? .infinity })
    }

    init(_ samples: [Double]) {
        sorted = samples.sorted()
    }

    package var count: Int { sorted.count }
    package var isEmpty: Bool { sorted.isEmpty }

    /// The nearest-rank percentile: the least sample that `share` of all samples do not exceed. nil without samples.
    package func percentile(_ share: Double) -> Double? {
        guard !sorted.isEmpty else { return nil }
        // Less a little, because 0.07 * 100 is 7.000000000000001.
        let rank = Int((share * Double(sorted.count) - 1e-9).rounded(.up))
        return sorted[min(max(rank, 1), sorted.count) - 1]
    }

    /// The share, 0 to 1, of samples that are at most so many milliseconds. nil without samples.
    package func share(within milliseconds: Double) -> Double? {
        guard !sorted.isEmpty else { return nil }
        return Double(countWithin(milliseconds)) / Double(sorted.count)
    }

    /// How many samples are at most so many milliseconds.
    package func countWithin(_ milliseconds: Double) -> Int {
        var (low, high) = (0, sorted.count)
        while low < high {
            let middle = (low + high) / 2
            if sorted[middle] <= milliseconds { low = middle + 1 } else { high = middle }
        }
        return low
    }

    package var delivered: Double? { share(within: .greatestFiniteMagnitude) }
    package var maximum: Double? { sorted.last }
}
