import ArgumentParser
import GodwitLab

/// `godwit lab compare`: what changed from one run to another, and whether it is more than noise.
struct LabCompareCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compare", abstract: "Show what changed from results A to results B, with its noise.",
        discussion: """
            The noise of percentiles and shares comes from resampling the raw samples (99 % interval), that of bytes and CPU from the \
            spread of three runs or more. Peers that did not change their code are the control: if they moved, so did the machine.
            """)

    @Argument(help: ArgumentHelp("Results before.", valueName: "A"))
    var before: String

    @Argument(help: ArgumentHelp("Results after.", valueName: "B"))
    var after: String

    @Flag(help: "Exit with 1 when a figure of Godwit got worse by more than its noise.")
    var failOnRegression = false

    func run() throws {
        do {
            let (old, new) = (try Results(path: before), try Results(path: after))
            let comparison = Comparison(before: old, after: new)
            guard !comparison.entries.isEmpty else { throw LabError.noCells("A and B have no cell in common") }
            print(comparison.text(before: old, after: new), terminator: "")
            let regressions = comparison.regressions(of: [Catalogue.godwit])
            if failOnRegression, !regressions.isEmpty {
                print("\(regressions.count) figures of Godwit are worse")
                throw ExitCode.failure
            }
        } catch let error as LabError {
            throw Failure(error)
        }
    }
}
