import Foundation
import GodwitClient
import IMClient
import NIOCore

/// What is printed of each event (docs/client-jsonl.md).
enum EventLine {
    /// A line of the given event, stamped now.
    static func begin(_ event: String) -> JSONLine {
        var line = JSONLine(event: event)
        line.add("t_ms", Double(NIODeadline.now().uptimeNanoseconds) / 1e6)
        return line
    }

    static func error(id: String? = nil, line number: Int? = nil, code: String, message: String) -> JSONLine {
        var line = begin("error")
        line.add("id", id)
        line.add("line", number)
        line.add("code", code)
        line.add("message", message)
        return line
    }

    static func make(_ event: IMClientEvent) -> JSONLine {
        switch event {
        case .connection(let status):
            var line = begin("state")
            add(status, to: &line)
            return line
        case .problem(.untrustedServer(let text)): return error(code: "wrong_pin", message: text)
        case .problem(.refused(let text)): return error(code: "session_refused", message: text)
        case .problem(.nameNotResolved(let name)):
            return error(
                code: "name_not_resolved", message: "the name '\(name)' has no address: check --server and the resolver"
            )
        case .loggedIn(let user, let device, let created):
            var line = begin("login")
            line.add("user", user)
            line.add("device", device)
            line.add("created", created)
            return line
        case .loginFailed(let failure): return error(code: failure.code, message: failure.description)
        case .queued(let id, let to):
            var line = begin("queued")
            line.add("id", id)
            line.add("to", to)
            return line
        case .sent(let receipt):
            var line = begin("sent")
            line.add("id", receipt.id)
            line.add("to", receipt.to)
            line.add("server_id", String(receipt.serverID))
            line.add("seq", receipt.seq)
            line.add("ts", receipt.timeMilliseconds)
            line.add("latency_ms", receipt.latency.map { Double($0.nanoseconds) / 1e6 })
            return line
        case .failed(let id, let failure): return error(id: id, code: failure.code, message: failure.description)
        case .message(let message):
            var line = begin("message")
            add(message, to: &line)
            return line
        case .read(let peer, let serverID):
            var line = begin("read")
            line.add("by", peer)
            line.add("server_id", String(serverID))
            return line
        case .synced(let seq):
            var line = begin("synced")
            line.add("seq", seq)
            return line
        case .datagram(let command, let body):
            var line = begin("datagram")
            line.add("cmd", UInt64(command))
            // Bytes that are text come as text, whatever they were sent as.
            if let text = String(validating: body.readableBytesView, as: UTF8.self) {
                line.add("body", text)
            } else {
                line.add("body_base64", Data(body.readableBytesView).base64EncodedString())
            }
            return line
        case .storageFailed(let text): return error(code: "storage", message: text)
        }
    }

    static func history(peer: String, _ entries: [HistoryEntry]) -> JSONLine {
        var line = begin("history")
        line.add("with", peer)
        line.add(
            "messages",
            entries.map { entry in
                var object = JSONLine()
                add(entry.message, to: &object)
                object.add("id", entry.message.id.isEmpty ? nil : entry.message.id)
                object.add("mark", entry.mark?.rawValue)
                return object
            })
        return line
    }

    static func add(_ status: ConnectionStatus, to line: inout JSONLine) {
        line.add("state", status.state.rawValue)
        line.add("carrier", status.carrier?.rawValue)
        line.add("rtt_ms", status.roundTrip.map { Double($0.nanoseconds) / 1e6 })
        line.add("loss", status.lossRate)
        if let start = status.start { line.add("session", "\(start)") }
        line.add("connect_ms", status.connectTime.map { Double($0.nanoseconds) / 1e6 })
        if status.isSuspect { line.add("suspect", true) }
    }

    private static func add(_ message: ChatMessage, to line: inout JSONLine) {
        line.add("from", message.from)
        line.add("to", message.to)
        line.add("body", message.body)
        line.add("seq", message.seq)
        line.add("server_id", String(message.serverID))
        line.add("ts", message.timeMilliseconds)
    }
}

extension IMClientError {
    /// A stable word for programs.
    var code: String {
        switch self {
        case .notLoggedIn: "not_logged_in"
        case .wrongPassword: "wrong_password"
        case .loginExpired: "login_expired"
        case .otherUser: "other_user"
        case .unknownRecipient: "unknown_recipient"
        case .tooLarge: "too_large"
        case .emptyBody: "empty_body"
        case .badMessageID: "bad_id"
        case .outboxFull: "outbox_full"
        case .refused: "refused"
        case .connection(let error): error.code
        case .storage: "storage"
        }
    }
}

extension ClientError {
    /// A stable word for programs.
    var code: String {
        switch self {
        case .badServerName: "bad_server"
        case .badPin: "bad_pin"
        case .security: "security"
        case .timedOut: "timed_out"
        case .late: "late"
        case .cancelled: "cancelled"
        case .tooLarge: "too_large"
        case .queueFull: "queue_full"
        case .sessionReplaced: "session_replaced"
        case .closed: "closed"
        }
    }
}
