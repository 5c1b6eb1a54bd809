import Metrics

final class CounterAdapter: CounterHandler {
    private let counter: Counter

    init(counter: Counter) {
        self.counter = counter
    }

    func increment(by amount: Int64) {
        counter.increment(by: Int(clamping: amount))
    }

    /// Counters only grow: a scraper would take a fall for a restart of the process.
    func reset() {}
}

final class MeterAdapter: MeterHandler {
    private let gauge: Gauge

    init(gauge: Gauge) {
        self.gauge = gauge
    }

    func set(_ value: Int64) { gauge.set(Double(value)) }
    func set(_ value: Double) { gauge.set(value) }
    func increment(by amount: Double) { gauge.add(amount) }
    func decrement(by amount: Double) { gauge.add(-amount) }
}

/// A recorder that does not aggregate shows its last value.
final class GaugeAdapter: RecorderHandler {
    private let gauge: Gauge

    init(gauge: Gauge) {
        self.gauge = gauge
    }

    func record(_ value: Int64) { gauge.set(Double(value)) }
    func record(_ value: Double) { gauge.set(value) }
}

final class RecorderAdapter: RecorderHandler {
    private let histogram: Histogram

    init(histogram: Histogram) {
        self.histogram = histogram
    }

    func record(_ value: Int64) { histogram.observe(Double(value)) }
    func record(_ value: Double) { histogram.observe(value) }
}

final class TimerAdapter: TimerHandler {
    private let histogram: Histogram

    init(histogram: Histogram) {
        self.histogram = histogram
    }

    func recordNanoseconds(_ duration: Int64) { histogram.observe(nanoseconds: duration) }
}
