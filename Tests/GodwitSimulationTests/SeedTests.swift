import GodwitSimulation
import NIOCore
import Testing

/// The main test of this project's transport and session: a thousand lives over bad networks, each from a seed.
@Suite struct SeedTests {
    /// After so many failed seeds a share gives up: the first ones say what is wrong.
    private static let maximumFailures = 3

    @Test("every message arrives once and in its lane's order, whatever the seed", arguments: 0..<SeedPlan.shareCount)
    func seeds(share: UInt64) {
        var failures = 0
        for seed in SeedPlan.current.seeds(of: share) where failures < Self.maximumFailures {
            let scenario = Scenario.draw(seed: seed)
            do {
                let telling = SeedPlan.current.isReplay ? { @Sendable (line: String) in print(line) } : nil
                let report = try CrashNote.whileRunning(seed: seed) {
                    try SimulatedWorld.run(scenario, telling: telling)
                }
                if SeedPlan.current.isReplay { print(scenario, report, separator: "\n") }
            } catch {
                failures += 1
                Issue.record("\(error)\n\(scenario)\n\(CrashNote.replayAdvice(seed: seed))")
            }
        }
    }

    @Test("lives in which keys are replaced often come to many updates")
    func keyUpdates() throws {
        var updates: UInt64 = 0
        for seed in UInt64(0)..<12 {
            let report = try SimulatedWorld.run(Scenario.draw(seed: 3 * seed + 1))
            updates += report.keyUpdates
        }
        #expect(updates >= 50)
        #expect(try SimulatedWorld.run(Scenario.draw(seed: 0)).keyUpdates == 0)
    }

    @Test("one seed replays the same datagrams at the same times")
    func replay() throws {
        for seed in UInt64(0)..<8 {
            let scenario = Scenario.draw(seed: seed)
            let first = try SimulatedWorld.run(scenario)
            let second = try SimulatedWorld.run(scenario)
            #expect(first == second)
        }
    }
}
