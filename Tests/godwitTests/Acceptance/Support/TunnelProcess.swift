/// `godwit tunnel` with ports of the system's choice, ready for programs.
final class TunnelProcess: Sendable {
    static let token = "correct-horse-battery"

    let child: ChildProcess
    /// The local ports, in the order of the targets.
    let ports: [Int]

    /// What a server needs to have tunnels to `allow`.
    static func settings(allow: String...) -> [String: String] {
        [
            "GODWIT_UPSTREAMS_TUNNEL_ALLOW": allow.joined(separator: ","),
            "GODWIT_UPSTREAMS_TUNNEL_TOKEN": token,
        ]
    }

    static func start(
        server: String, pin: String, carrier: String = "auto", token: String = token, to targets: String...
    ) async throws -> TunnelProcess {
        let child = try ChildProcess(
            ["tunnel", "--server", server, "--pin", pin, "--carrier", carrier] + targets.flatMap { ["-L", "0:\($0)"] },
            environment: ["GODWIT_TUNNEL_TOKEN": token])
        let lines = try await child.output.wait(for: "the ready line") { $0.contains("ready") ? $0 : nil }
        let ports = lines.compactMap { line -> Int? in
            guard line.hasPrefix("forward"), let arrow = line.firstRange(of: " -> ") else { return nil }
            return line[..<arrow.lowerBound].split(separator: ":").last.flatMap { Int($0) }
        }
        return TunnelProcess(child: child, ports: ports)
    }

    private init(child: ChildProcess, ports: [Int]) {
        self.child = child
        self.ports = ports
    }

    /// The line on standard error that has all of these words.
    func complains(_ words: String...) async throws -> String {
        try await child.errors.wait(for: "a complaint with \(words)") { lines in
            lines.first { line in words.allSatisfy { line.contains($0) } }
        }
    }
}
