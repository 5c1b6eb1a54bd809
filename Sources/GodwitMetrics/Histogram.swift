import Synchronization

/// Observations sorted into fixed buckets, with their sum.
package final class Histogram: Instrument {
    package static let kind = InstrumentKind.histogram

    /// From a loopback echo to a message that waited out a tunnel, in seconds.
    package static let latencySeconds: [Double] = [
        0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
    ]

    /// From a report sent at once to one that waited for a night without network, in seconds.
    package static let ageSeconds: [Double] = [1, 5, 15, 60, 300, 900, 3_600, 14_400, 86_400]

    private let upperBounds: [Double]
    private let counts: [Counter]
    private let sum = AtomicDouble()

    /// - Parameter upperBounds: inclusive, in base units; a last bucket for everything above is added.
    package init(upperBounds: [Double]) {
        self.upperBounds = upperBounds.filter(\.isFinite).sorted()
        counts = (0...self.upperBounds.count).map { _ in Counter() }
    }

    package var count: Int { counts.reduce(0) { $0 &+ $1.value } }

    /// Values that are not finite are ignored: one of them would spoil the sum for good.
    package func observe(_ value: Double) {
        guard value.isFinite else { return }
        let index = upperBounds.firstIndex { value <= $0 } ?? upperBounds.count
        counts[index].increment()
        sum.add(value)
    }

    /// - Parameter nanoseconds: a duration, observed in seconds.
    package func observe(nanoseconds: Int64) {
        observe(Double(nanoseconds) / 1e9)
    }

    package func write(name: String, labels: LabelSet, to text: inout Exposition) {
        var cumulative = 0
        for (index, counter) in counts.enumerated() {
            cumulative &+= counter.value
            let bound = index < upperBounds.count ? Exposition.format(upperBounds[index]) : "+Inf"
            text.sample(name + "_bucket", labels.adding(name: "le", value: bound), cumulative)
        }
        text.sample(name + "_sum", labels, sum.value)
        text.sample(name + "_count", labels, cumulative)
    }
}
