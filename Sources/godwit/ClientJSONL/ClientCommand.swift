import ArgumentParser
import GodwitClient
import IMClient
import NIOCore

/// `godwit client --jsonl`: a Godwit client for programs in any language.
struct ClientCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "client", abstract: "A client for programs: one JSON object a line in, one out.",
        discussion: "docs/client-jsonl.md describes every operation and event.")

    @Flag(help: "Speak JSON lines on standard input and output.")
    var jsonl = false

    @OptionGroup var options: ClientOptions

    @Option(help: "A directory for session, login, unsent messages and history. Default: memory only.")
    var state: String?

    @Option(help: "How long 'quit' and the end of input wait for what is under way, in seconds.")
    var flushSeconds: Int = 30

    @Option(help: "How long a request may take unless it says 'timeout_ms', in milliseconds.")
    var timeoutMs: Int64 = 40_000

    @Flag(name: .customLong("no-connect"), help: "Wait for the operation 'connect' instead of connecting at once.")
    var waitsForConnect = false

    func validate() throws {
        guard jsonl else { throw ValidationError("'godwit client' speaks JSON lines only: add --jsonl") }
        guard (0...86_400).contains(flushSeconds) else { throw ValidationError("--flush-seconds must be 0 to 86400") }
        guard (1...86_400_000).contains(timeoutMs) else { throw ValidationError("--timeout-ms must be 1 to 86400000") }
    }

    func run() async throws {
        var connection = try options.connection()
        connection.requestTimeout = .milliseconds(timeoutMs)
        let configuration = IMClientConfiguration(connection: connection, stateDirectory: state)
        let session = try JSONLSession(configuration: configuration)
        let code = await session.run(connecting: !waitsForConnect, flush: .seconds(Int64(flushSeconds)))
        if code != 0 { throw ExitCode(code) }
    }
}
