import Testing

@testable import GodwitMetrics

@Suite("Exposition")
struct ExpositionTests {
    @Test("families come in alphabetical order, children by their labels, each family under one HELP and TYPE")
    func layout() {
        let registry = Registry()
        let tasks = registry.counter("b_tasks_total", "Tasks.", labels: ["result", "command_class"])
        registry.gauge("a_level", "Level.").child().set(1.5)
        tasks.child("ok", "im").increment(by: 3)
        tasks.child("failed", "im").increment()

        let page = registry.render()

        let expected = """
            # HELP a_level Level.
            # TYPE a_level gauge
            a_level 1.5
            # HELP b_tasks_total Tasks.
            # TYPE b_tasks_total counter
            b_tasks_total{result="failed",command_class="im"} 1
            b_tasks_total{result="ok",command_class="im"} 3

            """
        #expect(page.hasPrefix(expected), "\(page)")
    }

    @Test("a histogram is cumulative, ends in +Inf and agrees with its count and sum")
    func histogram() {
        let registry = Registry()
        let family = registry.histogram("wait_seconds", "Wait.", labels: ["command"], upperBounds: [1, 0.1])
        for value in [0.05, 0.1, 0.5, 7, .nan, .infinity] { family.child("echo").observe(value) }

        let lines = registry.render().split(separator: "\n").filter { $0.hasPrefix("wait_seconds") }

        #expect(
            lines == [
                #"wait_seconds_bucket{command="echo",le="0.1"} 2"#,
                #"wait_seconds_bucket{command="echo",le="1"} 3"#,
                #"wait_seconds_bucket{command="echo",le="+Inf"} 4"#,
                #"wait_seconds_sum{command="echo"} 7.65"#,
                #"wait_seconds_count{command="echo"} 4"#,
            ])
    }

    @Test(
        "numbers are written as Prometheus reads them",
        arguments: [
            (0.0, "0"), (-2.0, "-2"), (0.25, "0.25"), (1e300, "1e+300"), (.infinity, "+Inf"),
            (-.infinity, "-Inf"), (.nan, "NaN"),
        ])
    func numbers(value: Double, expected: String) {
        #expect(Exposition.format(value) == expected)
    }

    @Test("help text with a line feed stays on its line")
    func help() {
        let registry = Registry()
        registry.gauge("level", "One\nand a \\.").child().set(0)
        #expect(registry.render().contains("# HELP level One\\nand a \\\\.\n# TYPE level gauge\n"))
    }
}
