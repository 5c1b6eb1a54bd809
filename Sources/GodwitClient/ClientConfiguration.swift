import Logging
import NIOCore

/// What a client needs to know, with defaults that suit a phone.
public struct ClientConfiguration: Sendable {
    /// The server.
    public var server: ServerEndpointName
    /// The public-key pins that the server may prove, as `godwit pin` prints them; at least one.
    public var pins: [String]
    /// Which carriers to use.
    public var carriers: CarrierPreference = .auto
    /// How long a request may take, over all carriers and retries.
    public var requestTimeout: TimeAmount = .seconds(40)
    /// How long datagram runs alone without an answer before stream joins the race (`auto`).
    public var streamJoinDelay: TimeAmount = .milliseconds(250)
    /// How long one attempt may take: connecting, handshake and opening the session.
    public var attemptTimeout: TimeAmount = .seconds(12)
    /// Whether somebody is looking when the client starts; ``GodwitClient/setActivity(_:)`` tells of changes.
    public var activity = ClientActivity.background
    /// Requests waiting for an answer at most.
    public var maximumPendingRequests = 4_096
    /// What the last run of this client saved, so that its session goes on.
    public var savedState = SavedClientState()
    /// Where the client writes what it does; silent by default.
    public var logger = Logger(label: "godwit.client", factory: { _ in SwiftLogNoOpLogHandler() })

    /// A client of `server`, whose key has one of `pins`.
    public init(server: ServerEndpointName, pins: [String]) {
        self.server = server
        self.pins = pins
    }
}

/// What a client remembers between two runs of its process.
public struct SavedClientState: Sendable, Equatable {
    /// The session's ticket: whoever has it has the session, so keep it as a password.
    public var ticket: [UInt8]?
    /// Failed attempts that the server has not been told of yet.
    public var failures: [UInt8]?
    /// What makes the next connection to this server quick, a secret as well.
    public var server: [UInt8]?

    /// Nothing remembered, or what a store gave back.
    public init(ticket: [UInt8]? = nil, failures: [UInt8]? = nil, server: [UInt8]? = nil) {
        self.ticket = ticket
        self.failures = failures
        self.server = server
    }
}
