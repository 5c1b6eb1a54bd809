import Foundation
import GodwitClient
import GodwitWire
import NIOCore

/// One line of input of `godwit client --jsonl` (docs/client-jsonl.md).
enum ClientOperation: Equatable {
    case connect
    case disconnect(forget: Bool)
    case networkChanged
    case login(user: String, password: String?, create: Bool)
    case send(id: String, to: String, body: String)
    case request(id: String, command: UInt32, body: Body, terms: RequestTerms)
    /// Ends a request that waits for its reply.
    case cancel(id: String)
    case datagram(command: UInt32, body: Body, deadlineMilliseconds: Int64)
    case sync
    case history(peer: String, limit: Int)
    case read(id: String?, from: String, seq: UInt64)
    case status
    case quit

    /// When and for how long a request is sent; nil for what is usual.
    struct RequestTerms: Equatable {
        var timeoutMilliseconds: Int64?
        var deadlineMilliseconds: Int64?
        var urgency: RequestUrgency?
    }

    /// A request's body; its reply comes in the same form.
    enum Body: Equatable {
        case text(String)
        case bytes(Data)

        var buffer: ByteBuffer {
            switch self {
            case .text(let text): ByteBuffer(string: text)
            case .bytes(let bytes): ByteBuffer(bytes: bytes)
            }
        }

        /// The field `body` or `body_base64` of the reply.
        func addAnswer(_ answer: ByteBuffer, to line: inout JSONLine) {
            switch self {
            case .text: line.add("body", String(buffer: answer))
            case .bytes: line.add("body_base64", Data(answer.readableBytesView).base64EncodedString())
            }
        }
    }

    /// Why a line is not an operation; the id is kept for the answer when there is one.
    struct Problem: Error, Equatable {
        let id: String?
        let message: String
    }

    static let maximumHistory = 1_000
    /// What a listener's jitter buffer forgives (ITU-T G.114: 400 ms at most).
    static let defaultDatagramDeadline: Int64 = 400

    init(line: String) throws(Problem) {
        let fields: Fields
        do {
            fields = try JSONDecoder().decode(Fields.self, from: Data(line.utf8))
        } catch {
            throw Problem(id: nil, message: "not a JSON object with fields of the right types: \(Self.reason(error))")
        }
        func need<Value>(_ value: Value?, _ name: String) throws(Problem) -> Value {
            guard let value else { throw Problem(id: fields.id, message: "'\(fields.op ?? "")' needs '\(name)'") }
            return value
        }
        switch try need(fields.op, "op") {
        case "connect": self = .connect
        case "disconnect": self = .disconnect(forget: fields.forget ?? false)
        case "network_changed": self = .networkChanged
        case "login":
            self = .login(
                user: try need(fields.user, "user"), password: fields.password, create: fields.create ?? true)
        case "send":
            self = .send(
                id: try need(fields.id, "id"), to: try need(fields.to, "to"), body: try need(fields.body, "body"))
        case "request":
            self = .request(
                id: try need(fields.id, "id"), command: try Self.commandNumber(fields),
                body: try Self.requestBody(fields), terms: try Self.terms(fields))
        case "cancel": self = .cancel(id: try need(fields.id, "id"))
        case "datagram":
            let deadline = fields.deadlineMilliseconds ?? Self.defaultDatagramDeadline
            guard (1...60_000).contains(deadline) else {
                throw Problem(id: fields.id, message: "'deadline_ms' must be 1 to 60000")
            }
            self = .datagram(
                command: try Self.commandNumber(fields), body: try Self.requestBody(fields),
                deadlineMilliseconds: deadline)
        case "sync": self = .sync
        case "history":
            let limit = min(max(fields.limit ?? 50, 0), Self.maximumHistory)
            self = .history(peer: try need(fields.with, "with"), limit: limit)
        case "read":
            self = .read(id: fields.id, from: try need(fields.from, "from"), seq: try need(fields.seq, "seq"))
        case "status": self = .status
        case "quit": self = .quit
        case let other:
            throw Problem(
                id: fields.id,
                message:
                    "unknown op '\(other)': use connect, disconnect, network_changed, login, send, request, cancel, datagram, "
                    + "sync, history, read, status or quit")
        }
    }

    private static func terms(_ fields: Fields) throws(Problem) -> RequestTerms {
        let times = [("timeout_ms", fields.timeoutMilliseconds), ("deadline_ms", fields.deadlineMilliseconds)]
        for case (let name, let value?) in times where !(1...86_400_000).contains(value) {
            throw Problem(id: fields.id, message: "'\(name)' must be 1 to 86400000")
        }
        var terms = RequestTerms(
            timeoutMilliseconds: fields.timeoutMilliseconds, deadlineMilliseconds: fields.deadlineMilliseconds)
        if let name = fields.urgency {
            guard let urgency = RequestUrgency(rawValue: name) else {
                throw Problem(id: fields.id, message: "unknown urgency '\(name)': use control, text or media")
            }
            terms.urgency = urgency
        }
        return terms
    }

    private static func commandNumber(_ fields: Fields) throws(Problem) -> UInt32 {
        guard let command = fields.cmd else {
            throw Problem(id: fields.id, message: "'\(fields.op ?? "")' needs 'cmd'")
        }
        guard let number = command.number else {
            let known = Command.allCases.map(\.name).joined(separator: ", ")
            throw Problem(id: fields.id, message: "unknown cmd '\(command.text)': use a number or one of \(known)")
        }
        return number
    }

    private static func requestBody(_ fields: Fields) throws(Problem) -> Body {
        guard let base64 = fields.bodyBase64 else { return .text(fields.body ?? "") }
        guard fields.body == nil else {
            throw Problem(id: fields.id, message: "'\(fields.op ?? "")' takes 'body' or 'body_base64', not both")
        }
        guard let bytes = Data(base64Encoded: base64) else {
            throw Problem(id: fields.id, message: "'body_base64' is not Base64 (RFC 4648, with padding)")
        }
        return .bytes(bytes)
    }

    private struct Fields: Decodable {
        var op: String?
        var id: String?
        var user: String?
        var password: String?
        var create: Bool?
        var to: String?
        var body: String?
        var bodyBase64: String?
        var forget: Bool?
        var cmd: CommandName?
        var timeoutMilliseconds: Int64?
        var deadlineMilliseconds: Int64?
        var urgency: String?
        var with: String?
        var limit: Int?
        var from: String?
        var seq: UInt64?

        enum CodingKeys: String, CodingKey {
            case op, id, user, password, create, to, body, cmd, with, limit, from, seq, forget, urgency
            case bodyBase64 = "body_base64"
            case timeoutMilliseconds = "timeout_ms"
            case deadlineMilliseconds = "deadline_ms"
        }
    }

    /// A command by name or by number.
    private struct CommandName: Decodable {
        let text: String
        let number: UInt32?

        init(from decoder: any Decoder) throws {
            let container = try decoder.singleValueContainer()
            if let number = try? container.decode(UInt32.self) {
                self.number = number
                text = String(number)
            } else {
                let name = try container.decode(String.self)
                text = name
                number = Command.allCases.first { $0.name == name }?.rawValue
            }
        }
    }

    private static func reason(_ error: any Error) -> String {
        guard let error = error as? DecodingError else { return "\(error)" }
        switch error {
        case .typeMismatch(_, let context), .valueNotFound(_, let context), .dataCorrupted(let context):
            let path = context.codingPath.map(\.stringValue).joined(separator: ".")
            return path.isEmpty ? context.debugDescription : "'\(path)': \(context.debugDescription)"
        case .keyNotFound(let key, _): return "'\(key.stringValue)' is missing"
        @unknown default: return "\(error)"
        }
    }
}
