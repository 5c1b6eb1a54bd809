/// What one guest is told: `plan-K.json`, as `netem/guest/lab.py` reads it.
package struct GuestPlan: Sendable, Equatable, Codable {
    package var commit: String
    /// The binary under test, an absolute path.
    package var godwit: String
    package var seed: UInt64
    package var cells: [Cell]
    package var parallel: Int
    package var overrides: [String: String]

    package init(
        commit: String, godwit: String, seed: UInt64, cells: [Cell], parallel: Int, overrides: [String: String]
    ) {
        (self.commit, self.godwit, self.seed) = (commit, godwit, seed)
        (self.cells, self.parallel, self.overrides) = (cells, parallel, overrides)
    }
}
