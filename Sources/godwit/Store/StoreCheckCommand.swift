import ArgumentParser
import Foundation

/// `godwit store check`: reads everything, changes nothing.
struct StoreCheckCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "check", abstract: "Read every byte of a store or a backup and tell what is damaged.",
        discussion: "Changes nothing but the lock file. Exit code 2 when something is damaged.")

    @Argument(help: ArgumentHelp("The store.", valueName: "DIR"))
    var directory: String
    @Flag(help: "Print one JSON object.")
    var json = false

    func run() throws {
        try refusing {
            let layout = try StoreLayout(directory)
            let found = try StoreVerification(layout, title: "check")
            print(json ? try Self.encoded(found) : found.text)
            guard !found.isSound else { return }
            if !json {
                print(
                    "damaged: restore a backup (godwit store restore), or start the server, which loses what is named above and nothing else"
                )
            }
            throw StoreCommand.damaged
        }
    }

    static func encoded(_ value: some Encodable) throws -> String {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return String(decoding: try encoder.encode(value), as: UTF8.self)
    }
}
