import Foundation
import Subprocess
import SystemPackage

/// The lab's own scripts, run on the host.
package struct HostCommand: Sendable {
    /// The folder that has `netem`.
    package let root: String

    package init(root: String) { self.root = root }

    /// Standard output. Throws what the command said when it failed.
    @discardableResult
    package func run(_ words: [String]) async throws -> String {
        let limit = 4 << 20
        let result = try await Subprocess.run(
            .path("/usr/bin/env"), arguments: .init(words), workingDirectory: FilePath(root),
            output: .string(limit: limit),
            error: .string(limit: limit))
        guard result.terminationStatus.isSuccess else {
            let said = result.standardError + result.standardOutput
            throw LabError.command(
                words.joined(separator: " "), status: "\(result.terminationStatus)",
                output: said.split(separator: "\n").suffix(10).joined(separator: "\n"))
        }
        return result.standardOutput
    }

    /// The peers with all that their files say.
    package func describePeers() async throws -> [String: Catalogue.Peer] {
        let text = try await run(["/usr/bin/python3", "-B", "netem/guest/describe.py"])
        return try JSONDecoder().decode([String: Catalogue.Peer].self, from: Data(text.utf8))
    }

    /// Installs what the peers need, where it is missing: Debian's packages, PyPI's in a folder of the lab's own, and the chat lines.
    package func prepare(_ peers: [String: Catalogue.Peer]) async throws {
        let debian = Set(peers.values.flatMap(\.debian)).sorted()
        if !debian.isEmpty { try await run(["netem/packages.sh"] + debian) }
        if peers.values.contains(where: { !$0.pypi.isEmpty }) {
            try await run(["netem/python.sh"] + peers.keys.sorted())
        }
        try await run(["netem/corpus.sh"])
    }

    /// The commit, with a plus when files differ from it; "unknown" outside of a repository.
    package func commit() async -> String {
        guard let head = try? await run(["git", "rev-parse", "--short", "HEAD"]) else { return "unknown" }
        let changes = (try? await run(["git", "status", "--porcelain", "--untracked-files=no"])) ?? ""
        return head.trimmingCharacters(in: .whitespacesAndNewlines) + (changes.isEmpty ? "" : "+")
    }
}
