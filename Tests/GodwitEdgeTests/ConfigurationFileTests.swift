import Foundation
import Testing

@testable import GodwitEdge

@Suite("Configuration files in the repository")
struct ConfigurationFileTests {
    private func text(_ path: String) throws -> String {
        let root = URL(fileURLWithPath: #filePath).resolvingSymlinksInPath().deletingLastPathComponent()
            .deletingLastPathComponent().deletingLastPathComponent()
        return try String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)
    }

    @Test("the example file is valid and says what the defaults are")
    func example() throws {
        let example = try text("config/godwit.yaml")
        let configuration = try ConfigurationLayers(file: ("config/godwit.yaml", example)).resolve()
        #expect(configuration == ServeConfiguration())
        let settings = ConfigurationFile(name: "config/godwit.yaml", text: example).settings
        #expect(settings.map(\.key) == ConfigurationKey.all.map(\.path))
    }

    @Test("the operations page has a row for each key, with its variable and its default")
    func documentation() throws {
        let page = try text("docs/operations.md")
        for key in ConfigurationKey.all {
            let row = "| `\(key.path)` | `\(key.variable)` | `\(key.show(ServeConfiguration()))` |"
            #expect(page.contains(row), "docs/operations.md lacks: \(row)")
        }
    }

    @Test("a file that cannot be read says why")
    func unreadable() {
        let missing = #expect(throws: ConfigurationError.self) {
            try ConfigurationLayers.read(path: "/nonexistent/godwit.yaml")
        }
        #expect(missing?.description == "cannot read /nonexistent/godwit.yaml: No such file or directory")
        let directory = #expect(throws: ConfigurationError.self) { try ConfigurationLayers.read(path: "/") }
        #expect(directory?.description == "cannot read /: Is a directory")
    }
}
