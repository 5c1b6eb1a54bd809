import Synchronization

/// All families of the process, and the page that Prometheus reads.
package final class Registry: Sendable {
    /// More than the code declares; names that arrive through swift-metrics share what is left.
    static let maximumFamilies = 512

    private struct State {
        var families: [String: any FamilyRendering] = [:]
        var collectors: [@Sendable (inout Exposition) -> Void] = []
    }

    private let state = Mutex(State())
    private let refused = Counter()

    package init() {}

    package func counter(
        _ name: String, _ help: String, labels: [String] = [], maximumChildren: Int = 64
    ) -> CounterFamily {
        family(name, help, labels, maximumChildren) { Counter() }
    }

    package func gauge(
        _ name: String, _ help: String, labels: [String] = [], maximumChildren: Int = 64
    ) -> GaugeFamily {
        family(name, help, labels, maximumChildren) { Gauge() }
    }

    /// - Parameter upperBounds: of the buckets, in base units (seconds, bytes).
    package func histogram(
        _ name: String, _ help: String, labels: [String] = [], upperBounds: [Double] = Histogram.latencySeconds,
        maximumChildren: Int = 32
    ) -> HistogramFamily {
        family(name, help, labels, maximumChildren) { Histogram(upperBounds: upperBounds) }
    }

    /// Adds families that are computed while the page is written.
    func collect(_ collector: @escaping @Sendable (inout Exposition) -> Void) {
        state.withLock { $0.collectors.append(collector) }
    }

    /// The page, families in alphabetical order, ready to serve as ``Exposition/contentType``.
    package func render() -> String {
        let (families, collectors) = state.withLock { state in
            (state.families.values.sorted { $0.name < $1.name }, state.collectors)
        }
        var text = Exposition()
        for family in families { family.write(to: &text) }
        text.family(
            "godwit_metric_label_overflows_total", help: "Label combinations counted as \"other\".", kind: .counter)
        for family in families where family.overflows > 0 {
            text.sample(
                "godwit_metric_label_overflows_total", LabelSet(pairs: [("family", family.name)]), family.overflows)
        }
        text.family("godwit_metric_families_refused_total", help: "Families left out of this page.", kind: .counter)
        text.sample("godwit_metric_families_refused_total", .empty, refused.value)
        for collector in collectors { collector(&text) }
        return text.text
    }

    /// The family of that name, made when it is new. A name taken by another kind, or one too many, gives a family
    /// that works but is not on the page, and is counted.
    func family<Child: Instrument>(
        _ name: String, _ help: String, _ labels: [String], _ maximumChildren: Int,
        make: @escaping @Sendable () -> Child
    ) -> Family<Child> {
        state.withLock { state in
            if let known = state.families[name] as? Family<Child> { return known }
            let family = Family(
                name: name, help: help, labelNames: labels, maximumChildren: maximumChildren, make: make)
            if state.families[name] != nil || state.families.count >= Self.maximumFamilies {
                refused.increment()
            } else {
                state.families[name] = family
            }
            return family
        }
    }
}
