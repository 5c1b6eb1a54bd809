/// What a request asks for or a push tells. A number that is not here is still carried: the edge answers
/// `Status.unknownCommand`.
package enum Command: UInt32, Hashable, Sendable, CaseIterable {
    // 1...15: answered by the edge itself, no login needed.
    /// The body comes back.
    case echo = 1
    /// A `ClientReport`: what failed before it could reach the server.
    case report = 2
    /// A `TunnelOpen`: a TCP connection to a target that the edge's configuration allows.
    case tunnelOpen = 3
    /// A push in either direction, a `TunnelFrame`: what happens on such a connection.
    case tunnel = 4

    // 16...31: requests to the instant-messaging core.
    case login = 16
    case send = 17
    case sync = 18
    /// A read receipt.
    case read = 19
    case logout = 20

    // 32...47: pushes of the instant-messaging core.
    case notify = 32

    package var name: String {
        switch self {
        case .echo: "echo"
        case .report: "report"
        case .tunnelOpen: "tunnel_open"
        case .tunnel: "tunnel"
        case .login: "login"
        case .send: "send"
        case .sync: "sync"
        case .read: "read"
        case .logout: "logout"
        case .notify: "notify"
        }
    }

    package var commandClass: CommandClass { CommandClass(rawCommand: rawValue) }

    /// Doing it twice is the same as doing it once, for the server and for the user: a `send` is known by its client message ID, the
    /// others change nothing that counts. Not the login: its password would go under keys that are not forward secret.
    package var isReplaySafe: Bool {
        switch self {
        case .echo, .report, .send, .sync, .read: true
        case .login, .logout, .notify, .tunnelOpen, .tunnel: false
        }
    }

    /// A login carries a password, a tunnel whatever its programs say: they never share a compression context with other bytes.
    package var isCompressible: Bool {
        switch self {
        case .login, .tunnelOpen, .tunnel: false
        case .echo, .report, .send, .sync, .read, .logout, .notify: true
        }
    }
}

/// A bounded label for any command number.
package enum CommandClass: String, Hashable, Sendable, CaseIterable {
    case system
    case im
    case other

    package init(rawCommand: UInt32) {
        switch rawCommand {
        case 1..<16: self = .system
        case 16..<48: self = .im
        default: self = .other
        }
    }

    package var name: String { rawValue }
}
