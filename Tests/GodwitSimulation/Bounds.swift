import GodwitSession
import GodwitTransport
import GodwitWire

/// Invariant 5: nothing grows without a bound.
enum Bounds {
    /// More connections than a client can have opened in an idle timeout are a leak.
    private static let maximumConnections = 64

    static func check(client: SimulatedClient, server: SimulatedServer) throws(HistoryViolation) {
        let limit = SessionConfiguration()
        for (name, session) in [("client", client.session), ("server", server.session)] {
            guard let session else { continue }
            try require(
                "unacknowledged messages of the \(name)", session.unacknowledgedCount,
                limit.maximumUnacknowledgedMessages)
            try require(
                "unacknowledged bytes of the \(name)", session.unacknowledgedBytes, limit.maximumUnacknowledgedBytes)
        }
        try require("connections of the server", server.endpoint.connectionCount, maximumConnections)
        try require(
            "half-open connections of the server", server.endpoint.halfOpenCount, server.endpoint.connectionCount)
    }

    /// When everything has come to rest, the queues are empty and nothing is left of former connections.
    static func checkAtEnd(client: SimulatedClient, server: SimulatedServer) throws(HistoryViolation) {
        try require("unacknowledged bytes of the client", client.session.unacknowledgedBytes, 0)
        try require("unacknowledged bytes of the server", server.session?.unacknowledgedBytes ?? 0, 0)
        try require("messages held back by the client", client.session.heldBackCount, 0)
        try require("messages held back by the server", server.session?.heldBackCount ?? 0, 0)
        try require("requests that the client's session waits for", client.session.unansweredCount, 0)
        try require("connections of the server at the end", server.endpoint.connectionCount, 1)
        try require("half-open connections of the server at the end", server.endpoint.halfOpenCount, 0)
    }

    private static func require(_ what: String, _ size: Int, _ limit: Int) throws(HistoryViolation) {
        guard (0...limit).contains(size) else { throw .unbounded(what, size: size, limit: limit) }
    }
}
