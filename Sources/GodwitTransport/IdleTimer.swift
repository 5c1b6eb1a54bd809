import NIOCore

/// Ends a connection after long silence (RFC 9000 §10.1), and knows how much silence both ends expect.
struct IdleTimer {
    /// How long a peer may leave a question unanswered.
    private let timeout: TimeAmount
    private(set) var lastHeard: NIODeadline
    /// Our last packet: what a translator on the way has seen of us.
    private(set) var lastSaid: NIODeadline
    /// The first packet since `lastHeard` that the peer should have answered.
    private(set) var firstAsked: NIODeadline?
    /// After so much silence the server asks, by the client's wish.
    var agreedSilence: TimeAmount?

    init(timeout: TimeAmount, now: NIODeadline) {
        self.timeout = timeout
        lastHeard = now
        lastSaid = now
    }

    mutating func heard(now: NIODeadline) {
        lastHeard = now
        firstAsked = nil
    }

    mutating func said(isQuestion: Bool, now: NIODeadline) {
        lastSaid = now
        if isQuestion, firstAsked == nil { firstAsked = now }
    }

    /// When a packet was last heard or sent.
    var lastActive: NIODeadline { max(lastHeard, lastSaid) }

    var deadline: NIODeadline { (firstAsked ?? lastHeard + (agreedSilence ?? .zero)) + timeout }

    /// Server: when to ask. Nil while the probe timer watches an unanswered packet anyway.
    var questionDeadline: NIODeadline? {
        firstAsked == nil ? agreedSilence.map { lastHeard + $0 } : nil
    }

    /// Client: when the server's question is missing, for which it may take `grace` longer than agreed.
    func missingDeadline(grace: TimeAmount) -> NIODeadline? {
        agreedSilence.map { lastSaid + $0 + min(grace, .nanoseconds(timeout.nanoseconds / 2)) }
    }
}
