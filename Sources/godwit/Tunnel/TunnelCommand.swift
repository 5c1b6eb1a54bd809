import ArgumentParser
import Foundation
import GodwitClient

/// `godwit tunnel`: TCP connections of unmodified programs over a session.
struct TunnelCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tunnel",
        abstract: "Carries local TCP ports over a session, to targets that the server allows.",
        discussion: """
            -L is as in ssh: -L 8080:web for a name in the server's upstreams.tunnel.allow, -L 5432:db.internal:5432 for a \
            host and port as seen from the server. Connections go on through address changes and outages. docs/tunnel.md.
            """)

    @OptionGroup var options: ClientOptions

    @Option(
        name: [.customShort("L"), .customLong("forward")],
        help: ArgumentHelp("A local port and its target; may be repeated.", valueName: "[bind:]port:target"))
    var forwards: [String] = []

    @Option(help: "A file with the server's tunnel token. Default: $GODWIT_TUNNEL_TOKEN.")
    var tokenFile: String?

    @Flag(help: "Report every connection, not only those that fail.")
    var verbose = false

    func validate() throws {
        guard !forwards.isEmpty else {
            throw ValidationError("which ports? Give -L [BIND:]PORT:TARGET, for example -L 8080:web:80.")
        }
        for text in forwards where TunnelForward(parsing: text) == nil {
            throw ValidationError(
                "-L cannot be '\(text)': write [BIND:]PORT:NAME or [BIND:]PORT:HOST:PORT, IPv6 addresses in brackets")
        }
    }

    func run() async throws {
        let forwards = forwards.compactMap(TunnelForward.init(parsing:))
        let session = TunnelSession(
            connection: try options.connection(), forwards: forwards, token: try token(), isVerbose: verbose)
        let code: Int32
        do {
            code = try await session.run()
        } catch let error as any CustomStringConvertible & Error {
            throw Failure(error)
        }
        if code != 0 { throw ExitCode(code) }
    }

    /// A flag would show it to everybody who lists processes.
    private func token() throws -> [UInt8] {
        let text: String
        if let tokenFile {
            do {
                text = try String(contentsOfFile: tokenFile, encoding: .utf8)
            } catch {
                throw ValidationError("cannot read --token-file \(tokenFile): \(error.localizedDescription)")
            }
        } else {
            text = ProcessInfo.processInfo.environment["GODWIT_TUNNEL_TOKEN"] ?? ""
        }
        let token = Array(text.trimmingCharacters(in: .whitespacesAndNewlines).utf8)
        guard !token.isEmpty else {
            throw ValidationError(
                "which token? Give --token-file FILE or set GODWIT_TUNNEL_TOKEN to the server's upstreams.tunnel.token."
            )
        }
        guard token.count <= 256 else {
            throw ValidationError("the tunnel token has \(token.count) bytes; at most 256")
        }
        return token
    }
}
