/// One measurement: a peer, doing a scenario, on a profile, once.
package struct Cell: Sendable, Equatable, Codable {
    package var id: String
    package var profile: String
    package var scenario: String
    package var peer: String
    /// From 1.
    package var run: Int
    package var seed: UInt64
    /// Expected duration.
    package var seconds: Double
    package var cpu: Load

    package enum Load: String, Sendable, Codable {
        case light, heavy
    }

    package init(profile: String, scenario: String, peer: String, run: Int, seed: UInt64, seconds: Double, cpu: Load) {
        id = "\(profile)/\(scenario)/\(peer)#\(run)"
        (self.profile, self.scenario, self.peer, self.run) = (profile, scenario, peer, run)
        (self.seed, self.seconds, self.cpu) = (seed, seconds, cpu)
    }
}
