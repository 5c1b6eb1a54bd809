import Metrics
import Testing

@testable import GodwitMetrics

@Suite("swift-metrics back end")
struct FactoryTests {
    private let registry = Registry()

    @Test("library metrics get legal names, base units and the project's bounds")
    func page() {
        let factory = PrometheusMetricsFactory(registry: registry)
        Metrics.Counter(label: "hb.requests", dimensions: [("hb.method", "GET"), ("a", "1")], factory: factory)
            .increment(by: 2)
        Metrics.Counter(label: "hb.requests", dimensions: [("a", "1"), ("hb.method", "GET")], factory: factory)
            .increment()
        Metrics.Timer(
            label: "hb.request.duration", dimensions: [], preferredDisplayUnit: .milliseconds, factory: factory
        )
        .recordMilliseconds(20)
        Metrics.Meter(label: "queue.depth", dimensions: [], factory: factory).set(4)
        Metrics.Gauge(label: "temperature", dimensions: [], factory: factory).record(-1.5)

        let page = registry.render()
        #expect(page.contains(#"hb_requests_total{a="1",hb_method="GET"} 3"#))
        #expect(page.contains(#"hb_request_duration_seconds_bucket{le="0.025"} 1"#))
        #expect(page.contains("hb_request_duration_seconds_sum 0.02\n"))
        #expect(page.contains("\nqueue_depth 4\n"))
        #expect(page.contains("\ntemperature -1.5\n"))
    }

    @Test("a library that invents label names without end does not grow the page")
    func dynamicNames() {
        let factory = PrometheusMetricsFactory(registry: registry)
        for number in 0..<1_000 {
            Metrics.Counter(label: "tries", dimensions: [("name\(number)", "x")], factory: factory).increment()
        }
        let samples = registry.render().split(separator: "\n").filter { $0.hasPrefix("tries_total{") }
        #expect(samples.count == 65)
    }

    @Test("a library that invents metric names without end does not grow the page")
    func dynamicFamilies() {
        let factory = PrometheusMetricsFactory(registry: registry)
        for number in 0..<1_000 {
            Metrics.Counter(label: "tries\(number)", dimensions: [], factory: factory).increment()
        }
        let types = registry.render().split(separator: "\n").filter { $0.hasPrefix("# TYPE tries") }
        #expect(types.count == Registry.maximumFamilies)
    }
}
