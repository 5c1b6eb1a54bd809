/// A figure that goes up and down.
package final class Gauge: Instrument {
    package static let kind = InstrumentKind.gauge
    private let cell = AtomicDouble()

    package init() {}

    package var value: Double { cell.value }

    package func set(_ value: Double) { cell.store(value) }
    package func set(_ value: Int) { cell.store(Double(value)) }
    package func add(_ amount: Double) { cell.add(amount) }
    package func increment(by amount: Int = 1) { cell.add(Double(amount)) }
    package func decrement(by amount: Int = 1) { cell.add(-Double(amount)) }

    package func write(name: String, labels: LabelSet, to text: inout Exposition) {
        text.sample(name, labels, value)
    }
}
