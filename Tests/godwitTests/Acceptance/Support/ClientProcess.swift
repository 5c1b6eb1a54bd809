import Foundation
import Testing

/// One line of a client's output.
@dynamicMemberLookup
struct ClientLine: Sendable, CustomStringConvertible {
    /// As in docs/client-jsonl.md.
    struct Fields: Decodable, Sendable {
        let event: String?
        let tMs: Double?
        let state: String?
        let carrier: String?
        let session: String?
        let user: String?
        let device: String?
        let created: Bool?
        let id: String?
        let from: String?
        let to: String?
        let body: String?
        let bodyBase64: String?
        let latencyMs: Double?
        let connectMs: Double?
        let seq: Int?
        let serverId: String?
        let code: String?
        let message: String?
        let line: Int?
        let by: String?
        let op: String?
        let mark: String?
        let unsent: Int?
        let queued: Int?
        let messages: [Fields]?
    }

    private let fields: Fields
    private let text: String

    init(_ text: String) throws {
        let decoder = JSONDecoder()
        decoder.keyDecodingStrategy = .convertFromSnakeCase
        fields = try decoder.decode(Fields.self, from: Data(text.utf8))
        self.text = text
    }

    subscript<Value>(dynamicMember field: KeyPath<Fields, Value>) -> Value { fields[keyPath: field] }

    var description: String { String(text.prefix(200)) }
}

/// `godwit client --jsonl`.
final class ClientProcess: Sendable {
    let child: ChildProcess
    private let events: EventLog<ClientLine>

    init(
        server: String, pin: String, carrier: String = "auto", state: String? = nil, arguments: [String] = []
    ) throws {
        let events = EventLog<ClientLine>()
        self.events = events
        child = try ChildProcess(
            ["client", "--jsonl", "--server", server, "--pin", pin, "--carrier", carrier]
                + (state.map { ["--state", $0] } ?? []) + arguments
        ) { text in
            guard let text else { return events.close() }
            do {
                events.append(try ClientLine(text))
            } catch {
                Issue.record("not a line of JSON: \(text)")
            }
        }
    }

    convenience init(
        _ server: ServerProcess, carrier: String = "auto", state: String? = nil, arguments: [String] = []
    ) throws {
        try self.init(server: server.address, pin: server.pin, carrier: carrier, state: state, arguments: arguments)
    }

    /// What came so far.
    var lines: [ClientLine] { events.elements }

    // MARK: Operations

    func write(_ line: String) throws { try child.write(line) }

    /// Writes one object; fields that are nil are left out.
    func write(_ fields: KeyValuePairs<String, (any Encodable & Sendable)?>) throws {
        var object: [String: any Encodable & Sendable] = [:]
        for (name, value) in fields { object[name] = value }
        try write(String(decoding: JSONSerialization.data(withJSONObject: object), as: UTF8.self))
    }

    func logIn(_ user: String, password: String? = "secret", create: Bool? = nil) async throws -> ClientLine {
        try write(["op": "login", "user": user, "password": password, "create": create])
        return try await first("login")
    }

    func send(_ id: String, to: String, _ body: String) throws {
        try write(["op": "send", "id": id, "to": to, "body": body])
    }

    /// The reply to one echo: the session is open and what was delivered before it was printed.
    func echo(_ id: String, _ body: String = "echo") async throws -> ClientLine {
        try write(["op": "request", "id": id, "cmd": "echo", "body": body])
        return try await first("reply") { $0.id == id }
    }

    // MARK: Waiting

    /// The first line of an event that fits.
    func first(
        _ event: String, where fits: @escaping @Sendable (ClientLine) -> Bool = { _ in true }
    ) async throws -> ClientLine {
        try await first(1, event, where: fits)[0]
    }

    /// The first `count` lines of an event that fit.
    func first(
        _ count: Int, _ event: String, where fits: @escaping @Sendable (ClientLine) -> Bool = { _ in true }
    ) async throws -> [ClientLine] {
        do {
            return try await events.wait(for: "\(count) x \(event)") { lines in
                let found = lines.filter { $0.event == event && fits($0) }.prefix(count)
                return found.count == count ? Array(found) : nil
            }
        } catch let missing as EventLog<ClientLine>.Missing {
            throw EventLog<ClientLine>.Missing(description: "\(missing)\n\(await child.lastWords())")
        }
    }

    func connected(_ carrier: String? = nil) async throws -> ClientLine {
        try await first("state") {
            ["connected", "resumed"].contains($0.state) && (carrier == nil || $0.carrier == carrier)
        }
    }

    // MARK: Ending

    /// `quit`, and how it went.
    @discardableResult
    func quit() async throws -> ClientLine {
        try write(["op": "quit"])
        let bye = try await first("bye")
        #expect(try await child.exitCode() == 0)
        return bye
    }

    func kill() async throws {
        child.kill()
        #expect(try await child.exitCode() == 128 + SIGKILL)
    }
}
