import Foundation
import Testing

@Suite("Errors of godwit lab", .timeLimit(.minutes(2)))
struct LabErrorTests {
    /// The repository's own lab.
    private static let netem = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().deletingLastPathComponent().appendingPathComponent("netem").path

    private func refusal(_ arguments: [String]) async throws -> String {
        let result = try await ChildProcess.run(["lab"] + arguments)
        #expect(result.code == 1)
        return result.errors
    }

    @Test("an unknown profile, scenario or peer is told with what there is")
    func unknown() async throws {
        let profile = try await refusal(["run", "--netem", Self.netem, "--profile", "los20"])
        #expect(profile.contains("unknown profile \"los20\"; did you mean \"loss20\"? There are: 2g, 3g, 4g"))
        #expect(
            try await refusal(["run", "--netem", Self.netem, "--scenario", "chatt"]).contains("did you mean \"chat\"?"))
        #expect(
            try await refusal(["run", "--netem", Self.netem, "--peer", "tcp-bbc"]).contains("did you mean \"tcp-bbr\"?")
        )
    }

    @Test("a folder without the lab, and results that are none, are told so")
    func places() async throws {
        let directory = try TemporaryDirectory()
        #expect(try await refusal(["run", "--netem", directory.file("netem")]).contains("no netem/profiles in"))
        #expect(try await refusal(["report", directory.file("nothing")]).contains("no such file or folder"))
        #expect(try await refusal(["compare", Self.netem, Self.netem]).contains("holds no lab results"))
    }

    @Test("without root the lab says that it needs it", .enabled(if: geteuid() != 0))
    func noRoot() async throws {
        #expect(try await refusal(["run", "--netem", Self.netem]).contains("which needs root"))
    }
}
