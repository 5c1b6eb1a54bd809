import GodwitWire
import IMService

/// Who answers a command.
enum Upstream {
    /// The body comes back; no login.
    case echo
    /// The edge counts what a client could not report in time.
    case report
    /// A TCP connection to a target that the configuration allows.
    case tunnel
    /// The instant-messaging core in this process.
    case core(IMService)
}

/// The upstreams that are switched on.
struct Upstreams: Sendable {
    let answersEcho: Bool
    let core: IMService?
    let tunnel: TunnelUpstream?

    /// nil = nobody: the client is told that the command is unknown.
    func upstream(for command: UInt32) -> Upstream? {
        switch Command(rawValue: command) {
        case .echo: answersEcho ? .echo : nil
        case .report: .report
        // Also when tunnels are off: the refusal says what to do.
        case .tunnelOpen: .tunnel
        // A push is nothing to ask for.
        case .notify, .tunnel: nil
        // The core answers for its whole range, so that it may learn commands without the edge.
        case .login, .send, .sync, .read, .logout, nil:
            CommandClass(rawCommand: command) == .im ? core.map(Upstream.core) : nil
        }
    }
}
