import Synchronization

/// A figure that only grows, from zero at the start of the process.
///
/// One relaxed atomic word: keep the child at hand on hot paths, looking it up takes its family's lock.
package final class Counter: Instrument {
    package static let kind = InstrumentKind.counter
    private let total = Atomic<Int>(0)

    package init() {}

    package var value: Int { total.load(ordering: .relaxed) }

    /// Negative amounts are ignored: a counter that falls reads as a restart of the process.
    package func increment(by amount: Int = 1) {
        guard amount > 0 else { return }
        total.wrappingAdd(amount, ordering: .relaxed)
    }

    /// For totals that are kept elsewhere, as plain integers of an event loop, and copied here before a scrape.
    package func raise(to newTotal: Int) {
        total.max(newTotal, ordering: .relaxed)
    }

    package func write(name: String, labels: LabelSet, to text: inout Exposition) {
        text.sample(name, labels, value)
    }
}
