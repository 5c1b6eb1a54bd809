import Metrics

/// Puts what libraries report through swift-metrics on the same page.
///
/// Names are made legal (`hb.requests` → `hb_requests_total`) and units are base units: timers become histograms in
/// seconds. Families and children are bounded as the project's own are.
package struct PrometheusMetricsFactory: MetricsFactory {
    private static let help = "Reported by a library through swift-metrics."
    private let registry: Registry

    package init(registry: Registry) {
        self.registry = registry
    }

    package func makeCounter(label: String, dimensions: [(String, String)]) -> any CounterHandler {
        let family = registry.counter(Self.name(label, suffix: "_total"), Self.help, labels: Self.names(dimensions))
        return CounterAdapter(counter: family.child(Self.pairs(dimensions)))
    }

    package func makeMeter(label: String, dimensions: [(String, String)]) -> any MeterHandler {
        MeterAdapter(gauge: gauge(label, dimensions))
    }

    package func makeRecorder(label: String, dimensions: [(String, String)], aggregate: Bool) -> any RecorderHandler {
        guard aggregate else { return GaugeAdapter(gauge: gauge(label, dimensions)) }
        let family = registry.histogram(
            Self.name(label), Self.help, labels: Self.names(dimensions), upperBounds: Self.recorderBounds)
        return RecorderAdapter(histogram: family.child(Self.pairs(dimensions)))
    }

    package func makeTimer(label: String, dimensions: [(String, String)]) -> any TimerHandler {
        let family = registry.histogram(
            Self.name(label, suffix: "_seconds"), Self.help, labels: Self.names(dimensions),
            upperBounds: Histogram.latencySeconds)
        return TimerAdapter(histogram: family.child(Self.pairs(dimensions)))
    }

    // Children live as long as the process: a counter that vanishes and comes back would read as a restart.
    package func destroyCounter(_ handler: any CounterHandler) {}
    package func destroyMeter(_ handler: any MeterHandler) {}
    package func destroyRecorder(_ handler: any RecorderHandler) {}
    package func destroyTimer(_ handler: any TimerHandler) {}

    private static let recorderBounds: [Double] = (0...8).map { power in
        (0..<power).reduce(1.0) { value, _ in value * 10 }
    }

    private func gauge(_ label: String, _ dimensions: [(String, String)]) -> Gauge {
        registry.gauge(Self.name(label), Self.help, labels: Self.names(dimensions)).child(Self.pairs(dimensions))
    }

    private static func name(_ label: String, suffix: String = "") -> String {
        let name = LabelSet.legalMetricName(label)
        return name.hasSuffix(suffix) ? name : name + suffix
    }

    private static func names(_ dimensions: [(String, String)]) -> [String] {
        dimensions.map { LabelSet.legalName($0.0) }
    }

    /// Sorted, so that one child is meant whatever the order; of labels with the same name the first is kept.
    private static func pairs(_ dimensions: [(String, String)]) -> [(name: String, value: String)] {
        var seen: Set<String> = []
        return dimensions.map { (name: LabelSet.legalName($0.0), value: $0.1) }
            .filter { seen.insert($0.name).inserted }
            .sorted { $0.name < $1.name }
    }
}
