import ArgumentParser

/// `godwit bench`: what this machine does, beside a limit measured in the same run.
struct BenchCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bench", abstract: "Measure this machine, beside a limit in the same run.",
        subcommands: [
            BenchEchoCommand.self, BenchBulkCommand.self, BenchIdleCommand.self, BenchStormCommand.self,
            BenchStoreCommand.self,
            BenchStoreChildCommand.self,
        ])
}
