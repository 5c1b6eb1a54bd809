import Testing

@testable import GodwitMetrics

@Suite("Families")
struct FamilyTests {
    @Test("past the bound new label values share the child other, and are counted")
    func bound() {
        let registry = Registry()
        let family = registry.counter("tries_total", "Tries.", labels: ["carrier"], maximumChildren: 2)
        for carrier in ["datagram", "stream", "x1", "x2", "datagram"] { family.child(carrier).increment() }

        #expect(family.childCount == 3)
        #expect(family.overflows == 2)
        let page = registry.render()
        #expect(page.contains(#"tries_total{carrier="other"} 2"#))
        #expect(page.contains(#"tries_total{carrier="datagram"} 2"#))
        #expect(page.contains(#"godwit_metric_label_overflows_total{family="tries_total"} 2"#))
    }

    @Test("the same label values give the same child")
    func identity() {
        let family = Registry().counter("tries_total", "Tries.", labels: ["carrier"])
        #expect(family.child("stream") === family.child("stream"))
        #expect(family.child("stream") !== family.child("datagram"))
    }

    @Test("a family without labels shows zero before anything happened")
    func zero() {
        let registry = Registry()
        _ = registry.counter("syncs_total", "Syncs.")
        #expect(registry.render().contains("\nsyncs_total 0\n"))
    }

    @Test("a name taken by another kind still counts, but off the page, and is reported")
    func conflict() {
        let registry = Registry()
        registry.counter("level", "A counter.").child().increment()
        registry.gauge("level", "A gauge.").child().set(7)
        let page = registry.render()
        #expect(page.contains("\nlevel 1\n"))
        #expect(!page.contains("level 7"))
        #expect(page.contains("godwit_metric_families_refused_total 1"))
    }

    @Test("a counter never falls")
    func counter() {
        let counter = Counter()
        counter.increment(by: 5)
        counter.increment(by: -3)
        counter.raise(to: 9)
        counter.raise(to: 4)
        #expect(counter.value == 9)
    }

    @Test("increments from many threads are all counted")
    func threads() async {
        let counter = Counter()
        let gauge = Gauge()
        await withTaskGroup(of: Void.self) { group in
            for _ in 0..<8 {
                group.addTask {
                    for _ in 0..<1_000 {
                        counter.increment()
                        gauge.add(0.5)
                    }
                }
            }
        }
        #expect(counter.value == 8_000)
        #expect(gauge.value == 4_000)
    }
}
