import Foundation
import Testing

@testable import GodwitMetrics

@Suite("promtool")
struct PromtoolTests {
    @Test("promtool finds nothing to say about a page with every family in use", .enabled(if: Tool.isExpected))
    func checkMetrics() throws {
        let registry = Registry()
        fillEveryFamily(EdgeMetrics(registry: registry))
        registry.collectProcessFigures()
        registry.setBuildInfo(version: "0.1.0", revision: "quote\" back\\slash\nline")
        let result = try Tool.run(["promtool", "check", "metrics"], input: registry.render())
        #expect(result.status == 0)
        #expect(result.output == "")
    }

    @Test(
        "the alert rules are valid, and their own tests pass", .enabled(if: Tool.isExpected),
        arguments: [["check", "rules", "prometheus-rules.yml"], ["test", "rules", "prometheus-rules.test.yml"]])
    func rules(arguments: [String]) throws {
        let folder = Tool.repository.appendingPathComponent("config")
        let file = folder.appendingPathComponent(arguments[2]).path
        let result = try Tool.run(["promtool", arguments[0], arguments[1], file], input: "")
        #expect(result.status == 0, "\(result.output)")
    }

    @Test("every family that a rule reads is one that the edge declares")
    func rulesReadWhatIsThere() throws {
        let registry = Registry()
        fillEveryFamily(EdgeMetrics(registry: registry))
        registry.collectProcessFigures()
        let page = registry.render()
        let rules = try String(
            contentsOf: Tool.repository.appendingPathComponent("config/prometheus-rules.yml"), encoding: .utf8)
        let code = rules.split(separator: "\n").filter { !$0.contains("description:") && !$0.contains("summary:") }
            .joined(separator: "\n")
        let read = Set(code.matches(of: /\b(godwit|process)_[a-z_]+/).map { String($0.output.0) })
        #expect(read.count > 8)
        for name in read {
            let family = name.replacing("_bucket", with: "")
            #expect(page.contains("# TYPE \(family) "), "\(name)")
        }
    }

    @Test("every family that the edge declares is explained on the operations page, and every alert")
    func documentation() throws {
        let registry = Registry()
        fillEveryFamily(EdgeMetrics(registry: registry))
        let text = try String(
            contentsOf: Tool.repository.appendingPathComponent("docs/operations.md"), encoding: .utf8)
        for match in registry.render().matches(of: /TYPE ([a-z_]+)\s/) {
            #expect(text.contains("`\(match.output.1)`"), "\(match.output.1)")
        }
        let rules = try String(
            contentsOf: Tool.repository.appendingPathComponent("config/prometheus-rules.yml"), encoding: .utf8)
        for match in rules.matches(of: /alert: ([A-Za-z]+)/) {
            #expect(text.contains("| \(match.output.1) |"), "\(match.output.1)")
        }
    }

    /// Walks the families by reflection, so that a new one is checked without being named here.
    private func fillEveryFamily(_ metrics: Any) {
        for child in Mirror(reflecting: metrics).children {
            switch child.value {
            case let family as CounterFamily: family.child(family.labelNames.map { ($0, "a\"b\\c\nd") }).increment()
            case let family as GaugeFamily: family.child(family.labelNames.map { ($0, "é中") }).set(-1.5)
            case let family as HistogramFamily: family.child(family.labelNames.map { ($0, "") }).observe(0.3)
            case is Counter, is Gauge: break
            default: fillEveryFamily(child.value)
            }
        }
    }
}

/// Command-line tools that tests use. Where they must be there, GODWIT_REQUIRE_TOOLS is set and a missing one fails.
enum Tool {
    static var repository: URL {
        URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
    }

    static var isExpected: Bool {
        ProcessInfo.processInfo.environment["GODWIT_REQUIRE_TOOLS"] != nil
            || (try? run(["promtool", "--version"], input: "").status) == 0
    }

    static func run(_ arguments: [String], input: String) throws -> (status: Int32, output: String) {
        let process = Process()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = arguments
        let stdin = Pipe()
        let output = Pipe()
        process.standardInput = stdin
        process.standardOutput = output
        process.standardError = output
        try process.run()
        try stdin.fileHandleForWriting.write(contentsOf: Data(input.utf8))
        try stdin.fileHandleForWriting.close()
        let data = output.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: data, as: UTF8.self))
    }
}
