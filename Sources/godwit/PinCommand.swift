import ArgumentParser
import GodwitEdge
import GodwitTLS

/// `godwit pin`: what a client needs to know of the server's key, and nothing else, for scripts.
struct PinCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "pin", abstract: "Prints the public-key pin of the server whose data directory this is.")

    @Option(help: ArgumentHelp("The data directory.", valueName: "dir"))
    var data = "data"

    func run() throws {
        do {
            guard let identity = try IdentityFiles(dataDirectory: data).load() else {
                throw EdgeError.noIdentity(directory: data + "/tls")
            }
            print(identity.pin)
        } catch let error as EdgeError {
            throw Failure(error)
        }
    }
}
