import NIOCore

/// The way a session travels at the moment.
public enum Carrier: String, Sendable {
    /// Godwit's transport over UDP.
    case datagram
    /// TLS 1.3 on TCP.
    case stream
}

/// How the client's session stands.
public struct ConnectionStatus: Sendable, Equatable {
    /// The steps of a session's life.
    public enum State: String, Sendable {
        /// Attempts are under way and the session is on no carrier.
        case connecting
        /// A session was opened for the first time, or the server no longer knew the old one.
        case connected
        /// The session goes on, on a new carrier.
        case resumed
        /// The carrier was lost.
        case disconnected
    }

    /// The step.
    public var state: State
    /// The carrier in use, nil while there is none.
    public var carrier: Carrier?
    /// The smoothed round trip time, when known.
    public var roundTrip: TimeAmount?
    /// The share of our packets lost lately, 0 to 1; known on datagram only.
    public var lossRate: Double?
    /// How much silence the server has been asked to leave between signs of life; known on datagram only.
    public var silence: TimeAmount?
    /// The carrier is silent though an answer is due; others are being tried.
    public var isSuspect = false
    /// What became of the session, when this tells of its opening.
    public var start: SessionStart?
    /// How long the opening took that this tells of: since ``GodwitClient/start()`` or since the last carrier was lost.
    public var connectTime: TimeAmount?

    /// A status.
    public init(state: State, carrier: Carrier? = nil, roundTrip: TimeAmount? = nil, lossRate: Double? = nil) {
        self.state = state
        self.carrier = carrier
        self.roundTrip = roundTrip
        self.lossRate = lossRate
    }
}

/// What became of the session when it was opened on a carrier.
public enum SessionStart: Sendable, Equatable {
    /// The server knew no such session: log in again. What waited unacknowledged is lost with it.
    case new
    /// Both ends go on where they were.
    case resumed
    /// The server knew the session of this client's last run: the login holds, the messages begin anew.
    case restarted
}

/// Something that stands in the way and that people should know of. The client goes on trying.
public enum ClientProblem: Sendable, Equatable {
    /// The server's key is not one of the pinned ones.
    case untrustedServer(String)
    /// The server refused the session.
    case refused(String)
    /// The server's name has no address.
    case nameNotResolved(String)
}

/// What a client reports.
public enum ClientEvent: Sendable {
    /// The connection changed.
    case status(ConnectionStatus)
    /// The session is open.
    case opened(SessionStart)
    /// The server sent a message of its own accord.
    case push(command: UInt32, body: ByteBuffer)
    /// An unreliable datagram from the server, at most once, in no particular order.
    case datagram(command: UInt32, body: ByteBuffer)
    /// People should know.
    case problem(ClientProblem)
    /// Keep this for the next run of the process.
    case save(SavedClientState)
}

/// An answer to a request.
public struct Response: Sendable {
    /// 0 is success; see `docs/protocol.md` for the others.
    public let status: UInt32
    /// The answer, or text for people when the status is not 0.
    public let body: ByteBuffer

    /// Whether the server did what it was asked.
    public var isSuccess: Bool { status == 0 }
}

/// What becomes of an unanswered request when the server has lost the session.
public enum ReplayPolicy: Sendable {
    /// Ask again in the new session: for requests that may be done twice.
    case resend
    /// Fail with ``ClientError/sessionReplaced``.
    case fail
}
