import NIOCore

/// Ends a connection after long silence (RFC 9000 §10.1) and keeps it from falling silent.
struct IdleTimer {
    private let timeout: TimeAmount
    private let keepAlive: TimeAmount?
    private(set) var lastHeard: NIODeadline
    /// The first packet since then that the peer should have answered.
    private var firstAsked: NIODeadline?
    private var lastAsked: NIODeadline?

    init(timeout: TimeAmount, keepAlive: TimeAmount?, now: NIODeadline) {
        self.timeout = timeout
        self.keepAlive = keepAlive
        lastHeard = now
    }

    mutating func heard(now: NIODeadline) {
        lastHeard = now
        firstAsked = nil
    }

    mutating func asked(now: NIODeadline) {
        if firstAsked == nil { firstAsked = now }
        lastAsked = now
    }

    var deadline: NIODeadline { (firstAsked ?? lastHeard) + timeout }

    /// When to send a PING, nil while the probe timer watches an unanswered packet anyway.
    var keepAliveDeadline: NIODeadline? {
        guard let keepAlive, firstAsked == nil else { return nil }
        return lastAsked.map { max($0, lastHeard) + keepAlive } ?? lastHeard + keepAlive
    }
}
