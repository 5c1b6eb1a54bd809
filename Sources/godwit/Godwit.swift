import ArgumentParser
import GodwitEdge

/// The one command of the project.
@main
struct Godwit: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "godwit",
        abstract: "An edge for weak mobile networks, with the instant-messaging core behind it.",
        version: Edge.version,
        subcommands: [
            ServeCommand.self, PinCommand.self, ChatCommand.self, ClientCommand.self, TunnelCommand.self,
            BenchCommand.self, StoreCommand.self, LabCommand.self,
        ])
}
