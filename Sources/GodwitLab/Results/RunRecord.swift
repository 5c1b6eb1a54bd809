/// What a run was: `run.json` of a results folder.
///
/// It carries the texts and parameters of everything that it ran, so that results can be read without the source they came from.
package struct RunRecord: Sendable, Equatable, Codable {
    package var commit: String
    package var version: String
    package var seed: UInt64
    /// UTC, ISO 8601.
    package var startedAt: String
    package var endedAt: String?
    package var interrupted: Bool?
    /// Of the machine that ran the guests.
    package var host: String?
    package var lanes: Int?
    package var parallel: Int?
    package var cells: Int?
    package var overrides: [String: String]?
    package var profiles: [String: Catalogue.Profile]?
    package var scenarios: [String: Catalogue.Scenario]?
    package var peers: [String: Catalogue.Peer]?

    package init(commit: String, version: String, seed: UInt64, startedAt: String) {
        (self.commit, self.version, self.seed, self.startedAt) = (commit, version, seed, startedAt)
    }

    enum CodingKeys: String, CodingKey {
        case commit, version, seed, interrupted, host, lanes, parallel, cells, overrides, profiles, scenarios, peers
        case startedAt = "started_at"
        case endedAt = "ended_at"
    }
}
