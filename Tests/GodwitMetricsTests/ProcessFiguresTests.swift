import Testing

@testable import GodwitMetrics

@Suite("Process figures")
struct ProcessFiguresTests {
    private let line =
        "4242 (god) (wit 7) S 1 4242 4242 0 -1 4194304 100 0 0 0 250 50 0 0 20 0 9 0 123400 1048576 300 1844 1 1 0"

    @Test("a program's name with spaces and parentheses does not shift the fields")
    func stat() throws {
        let figures = try #require(ProcessFigures(stat: line, ticksPerSecond: 100, pageBytes: 4_096))
        #expect(figures.cpuSeconds == 3)
        #expect(figures.threads == 9)
        #expect(figures.startTicks == 123_400)
        #expect(figures.virtualBytes == 1_048_576)
        #expect(figures.residentBytes == 300 * 4_096)
    }

    @Test("a line that is cut anywhere gives figures or nothing, never a trap")
    func truncated() {
        for length in 0...line.count {
            let figures = ProcessFigures(stat: String(line.prefix(length)), ticksPerSecond: 100, pageBytes: 4_096)
            #expect(figures == nil || length > 90)
        }
        #expect(ProcessFigures(stat: line, ticksPerSecond: 0, pageBytes: 4_096) == nil)
    }

    @Test("the boot time is read from its line")
    func boot() {
        #expect(ProcessFigures.bootSeconds(stat: "cpu 1 2\nbtime 1700000000\nprocesses 9\n") == 1_700_000_000)
        #expect(ProcessFigures.bootSeconds(stat: "cpu 1 2\n") == nil)
    }

    @Test("on Linux the page shows this very process")
    func page() {
        let registry = Registry()
        registry.collectProcessFigures()
        let page = registry.render()
        #if os(Linux)
        for name in [
            "process_cpu_seconds_total", "process_open_fds", "process_max_fds", "process_resident_memory_bytes",
            "process_start_time_seconds", "process_threads", "process_virtual_memory_bytes",
        ] {
            #expect(page.contains("\n\(name) "), "\(name)")
        }
        #endif
    }
}
