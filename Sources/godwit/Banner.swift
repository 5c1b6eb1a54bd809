import Glibc
import GodwitEdge
import GodwitTLS
import NIOCore

/// What `godwit serve` prints when it is ready: all that a client needs, and what to type next.
///
/// Printed once both ports accept. Programs wait for the line that begins with `ready`; every line is flushed.
struct Banner: Sendable {
    let edge: Edge

    func print(admin: SocketAddress) {
        let server = Self.reachable(edge.listenAddress)
        let pages = "http://" + Self.reachable(admin)
        let lines = [
            "listen   \(edge.listenAddress.hostAndPort) (UDP and TCP)",
            "pin      \(edge.pin)",
            "metrics  \(pages)/metrics",
            "page     \(pages)/",
            "next     godwit chat alice --server \(server) --pin \(edge.pin)",
            "ready",
        ]
        Swift.print(lines.joined(separator: "\n"))
        // Every stream: naming `stdout` would be naming a global variable.
        fflush(nil)
    }

    /// An address to type on this machine: a wildcard is no place to connect to.
    private static func reachable(_ address: SocketAddress) -> String {
        switch address.ipAddress {
        case "0.0.0.0"?: "127.0.0.1:\(address.port ?? 0)"
        case "::"?: "[::1]:\(address.port ?? 0)"
        default: address.hostAndPort
        }
    }
}
