import ArgumentParser
import Foundation
import GodwitClient
import IMClient

/// `godwit chat NAME`: the terminal client.
struct ChatCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "chat", abstract: "Chat in the terminal.",
        discussion:
            "The first use of a name asks for a password and makes the account; the login is kept. /help lists the commands."
    )

    @Argument(help: "Your name.")
    var name: String

    @Option(name: .customLong("to"), help: "Whom to write to; /to changes it.")
    var peer: String?

    @OptionGroup var options: ClientOptions

    @Option(help: "Where login, unsent messages and history are kept. Default: ~/.local/state/godwit/NAME.")
    var state: String?

    func validate() throws {
        guard !name.isEmpty, !name.contains("/"), name != ".", name != ".." else {
            throw ValidationError("'\(name)' cannot be a name: use letters, digits, '.', '_' and '-'")
        }
    }

    func run() async throws {
        let directory = state ?? Self.defaultDirectory(name: name)
        try FileManager.default.createDirectory(
            atPath: directory, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        var connection = try options.connection()
        connection.activity = .foreground
        let configuration = IMClientConfiguration(connection: connection, stateDirectory: directory)
        let session = try ChatSession(name: name, peer: peer, configuration: configuration, directory: directory)
        let code = await session.run()
        if code != 0 { throw ExitCode(code) }
    }

    private static func defaultDirectory(name: String) -> String {
        let environment = ProcessInfo.processInfo.environment
        let base = environment["XDG_STATE_HOME"] ?? (NSHomeDirectory() + "/.local/state")
        return base + "/godwit/" + name
    }
}
