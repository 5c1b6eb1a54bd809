import Foundation
import NIOCore
import NIOPosix
import Testing

/// `godwit serve` on a free port of this machine, ready for clients.
final class ServerProcess: Sendable {
    let child: ChildProcess
    /// The lines on standard output up to `ready`, by their first word.
    let banner: [String: String]
    let data: String
    private let environment: [String: String]

    var pin: String { banner["pin"] ?? "" }
    /// HOST:PORT, of UDP and of TCP.
    var address: String { String(banner["listen"]?.prefix { $0 != " " } ?? "") }
    var port: Int { Self.port(of: address) }
    var adminPort: Int { Self.port(of: banner["metrics"]?.replacing("/metrics", with: "") ?? "") }

    static func start(
        data: String, port: Int = 0, arguments: [String] = [], environment: [String: String] = [:]
    ) async throws -> ServerProcess {
        let child = try ChildProcess(
            ["serve", "--data", data, "--listen", "127.0.0.1:\(port)", "--admin", "127.0.0.1:0"] + arguments,
            environment: environment.merging(["GODWIT_EVENT_LOOPS": "2"]) { given, _ in given })
        do {
            let lines = try await child.output.wait(for: "the ready line") { lines in
                lines.contains("ready") ? lines : nil
            }
            return ServerProcess(child: child, data: data, environment: environment, lines: lines)
        } catch {
            throw EventLog<String>.Missing(
                description: "\(error)\n" + child.errors.elements.joined(separator: "\n"))
        }
    }

    private init(child: ChildProcess, data: String, environment: [String: String], lines: [String]) {
        self.child = child
        self.environment = environment
        self.data = data
        var banner: [String: String] = [:]
        for line in lines {
            let parts = line.split(separator: " ", maxSplits: 1)
            if let word = parts.first, let rest = parts.dropFirst().first {
                banner[String(word)] = rest.trimmingCharacters(in: .whitespaces)
            }
        }
        self.banner = banner
    }

    /// `kill -9`, and waits for the end.
    func kill() async throws {
        child.kill()
        #expect(try await child.exitCode() == 128 + SIGKILL)
    }

    /// SIGTERM, and the exit code.
    func terminate(seconds: Double = 40) async throws -> Int32 {
        child.terminate()
        return try await child.exitCode(seconds: seconds)
    }

    /// The next process on the same data and the same port, with the same settings.
    func again() async throws -> ServerProcess {
        try await Self.start(data: data, port: port, environment: environment)
    }

    func metrics() async throws -> MetricsPage {
        MetricsPage(text: try await AdminPage.get("/metrics", port: adminPort))
    }

    func success() async throws -> SuccessPage {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        return try decoder.decode(
            SuccessPage.self, from: Data(try await AdminPage.get("/success", port: adminPort).utf8))
    }

    private static func port(of text: String) -> Int {
        Int(text.split(separator: ":").last.map(String.init) ?? "") ?? 0
    }
}

extension ServerProcess {
    /// Reads `/metrics` until it says what is expected. A page cannot be waited for, so it is asked again.
    func poll(_ what: String, seconds: Int64 = 40, until fits: (MetricsPage) -> Bool) async throws {
        let deadline = NIODeadline.now() + .seconds(seconds)
        while true {
            let page = try await metrics()
            if fits(page) { return }
            guard NIODeadline.now() < deadline else {
                throw EventLog<String>.Missing(description: "\(what): not after \(seconds) s in\n\(page.text)")
            }
            try await MultiThreadedEventLoopGroup.singleton.next().scheduleTask(in: .milliseconds(20)) {}.futureResult
                .get()
        }
    }
}
