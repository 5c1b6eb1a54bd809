import ArgumentParser

/// `godwit lab`: Godwit and its peers through the same bad networks.
struct LabCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "lab", abstract: "Run Godwit and its peers through the same bad networks, and read what came out.",
        subcommands: [LabListCommand.self, LabRunCommand.self, LabReportCommand.self, LabCompareCommand.self])
}
