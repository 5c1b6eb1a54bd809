import GodwitWire
import IMService

/// Who answers a command.
enum Upstream {
    /// The body comes back; no login.
    case echo
    /// The edge counts what a client could not report in time.
    case report
    /// The instant-messaging core in this process.
    case core(IMService)
}

/// The upstreams that are switched on.
struct Upstreams: Sendable {
    let answersEcho: Bool
    let core: IMService?

    /// nil = nobody: the client is told that the command is unknown.
    func upstream(for command: UInt32) -> Upstream? {
        switch Command(rawValue: command) {
        case .echo: answersEcho ? .echo : nil
        case .report: .report
        // A push is nothing to ask for.
        case .notify: nil
        // The core answers for its whole range, so that it may learn commands without the edge.
        case .login, .send, .sync, .read, .logout, nil:
            CommandClass(rawCommand: command) == .im ? core.map(Upstream.core) : nil
        }
    }
}
