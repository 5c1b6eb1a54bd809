import Foundation
import Spelling

/// What the lab has: the profiles, scenarios and peers of a `netem` folder.
package struct Catalogue: Sendable, Equatable {
    /// The peer that is the project's own.
    package static let godwit = "godwit"

    /// Whether a peer is Godwit in one of its forms (`godwit-stream`), which is no rival of it.
    static func isGodwit(_ peer: String) -> Bool { peer == godwit || peer.hasPrefix(godwit + "-") }

    package struct Profile: Sendable, Equatable, Codable {
        package var about: String
        package var settings: [String: String]
    }

    package struct Scenario: Sendable, Equatable, Codable {
        package var about: String
        package var settings: [String: String]

        /// Whether its cells take so much CPU that none may run beside them.
        package var isHeavy: Bool { settings["cpu"] == "heavy" }
        /// How long one cell is expected to take.
        package var seconds: Double { settings["seconds"].flatMap(Double.init) ?? 60 }
        package var deadlineMilliseconds: Double? { settings["deadline_ms"].flatMap(Double.init) }
    }

    /// A peer as `netem/guest/describe.py` tells it.
    package struct Peer: Sendable, Equatable, Codable {
        package var title: String
        package var notes: String
        package var debian: [String]
        package var pypi: [String]
        /// Scenarios that the peer's protocol has no answer to, with the reason.
        package var cannot: [String: String]

        package init(
            title: String, notes: String = "", debian: [String] = [], pypi: [String] = [],
            cannot: [String: String] = [:]
        ) {
            (self.title, self.notes, self.debian, self.pypi, self.cannot) = (title, notes, debian, pypi, cannot)
        }
    }

    package var profiles: [String: Profile] = [:]
    package var scenarios: [String: Scenario] = [:]
    /// Names only until `describe` was asked.
    package var peers: [String: Peer] = [:]

    package init() {}

    /// Reads a `netem` folder; peers are known by their names alone.
    package init(folder: String) throws(LabError) {
        for (name, path) in try Self.files(in: folder + "/profiles", suffix: ".profile") {
            let file = try SettingsFile(parsing: try Self.text(of: path), file: path)
            for key in ["up", "down"] where file.values[key] == nil && file.values["trace"] == nil {
                throw .missingKey(file: path, key: key)
            }
            profiles[name] = Profile(about: file.values["about"] ?? file.leadingComment, settings: file.values)
        }
        for (name, path) in try Self.files(in: folder + "/scenarios", suffix: ".scenario") {
            let file = try SettingsFile(parsing: try Self.text(of: path), file: path)
            guard file.values["workload"] != nil else { throw .missingKey(file: path, key: "workload") }
            scenarios[name] = Scenario(about: file.values["about"] ?? file.leadingComment, settings: file.values)
        }
        for (name, _) in try Self.files(in: folder + "/peers", suffix: ".py") where !name.hasPrefix("_") {
            peers[name] = Peer(title: name)
        }
    }

    /// Godwit first, then the others by name.
    package var peerNames: [String] { Self.ordered(peers.keys) }
    package var profileNames: [String] { profiles.keys.sorted() }
    package var scenarioNames: [String] { scenarios.keys.sorted() }

    package static func ordered(_ peers: some Sequence<String>) -> [String] {
        peers.sorted { ($0 == godwit ? 0 : 1, $0) < ($1 == godwit ? 0 : 1, $1) }
    }

    /// Throws the error that helps, for the first name that does not exist.
    package func check(profiles: [String], scenarios: [String], peers: [String]) throws(LabError) {
        try Self.check(profiles, are: "profile", of: profileNames)
        try Self.check(scenarios, are: "scenario", of: scenarioNames)
        try Self.check(peers, are: "peer", of: peerNames)
    }

    private static func check(_ names: [String], are kind: String, of existing: [String]) throws(LabError) {
        for name in names where !existing.contains(name) {
            throw .unknown(kind: kind, name: name, nearest: NearestName.of(name, in: existing), existing: existing)
        }
    }

    private static func files(in folder: String, suffix: String) throws(LabError) -> [(name: String, path: String)] {
        do {
            return try FileManager.default.contentsOfDirectory(atPath: folder).filter { $0.hasSuffix(suffix) }.sorted()
                .map { (String($0.dropLast(suffix.count)), folder + "/" + $0) }
        } catch {
            throw .unreadable(path: folder, reason: "no such folder")
        }
    }

    static func text(of path: String) throws(LabError) -> String {
        guard let data = FileManager.default.contents(atPath: path) else {
            throw .unreadable(path: path, reason: "no such file")
        }
        return String(decoding: data, as: UTF8.self)
    }
}
