import GodwitSession

/// Why the edge closes a carrier. The code is what the client is told (docs/protocol.md, "Error codes").
enum CarrierClosure: Error, Hashable, Sendable {
    /// The client said that it will send no more, or TLS did.
    case finished
    /// The server stops. Connect again after a random wait of up to `reconnectSpreadSeconds`.
    case goingAway
    /// The session was opened on a newer carrier.
    case superseded
    /// The edge, or this loop of it, has no room; connect elsewhere or later.
    case overloaded
    /// Nothing was opened, or nothing was heard, for too long.
    case idle
    /// The session is gone: the client closed it, or it was evicted.
    case sessionClosed
    /// The peer broke the session's protocol.
    case session(SessionError)

    /// So that the clients of a server that restarts do not all come back in the same second.
    static let reconnectSpreadSeconds = 5

    var code: UInt64 {
        switch self {
        case .finished: 0x00
        case .goingAway: 0x10
        case .superseded: 0x11
        case .overloaded: 0x12
        case .idle: 0x13
        case .sessionClosed: 0x14
        case .session(let error): error.code
        }
    }

    /// What goes with the code, for the client's log.
    var reason: String {
        switch self {
        case .finished: "finished"
        case .goingAway: "going away; reconnect at a random moment within \(Self.reconnectSpreadSeconds) s"
        case .superseded: "the session is on another carrier now"
        case .overloaded: "overloaded; try again later"
        case .idle: "idle"
        case .sessionClosed: "the session is closed"
        case .session(let error): error.description
        }
    }
}
