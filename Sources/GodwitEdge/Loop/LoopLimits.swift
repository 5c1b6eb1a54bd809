import GodwitSession
import GodwitTransport
import GodwitWire
import NIOCore

/// One loop's share of the edge's limits, and its waits.
struct LoopLimits: Sendable {
    /// Carrier connections of either kind.
    var connections: Int
    /// Connections of either kind whose handshake is not complete.
    var halfOpen: Int
    var sessions: Int
    var sessionIdle: TimeAmount
    var handshakeTimeout: TimeAmount
    var datagramIdleTimeout: TimeAmount
    /// TCP's bindings live longer than UDP's: a silent client's long link is asked every 4 minutes only.
    var streamIdleTimeout: TimeAmount
    var datagram: ServeConfiguration.Datagram
    var loopCount: UInt8
    var tunnel: TunnelUpstream?

    /// Requests of one session that an upstream has not answered; more are answered `overloaded`. What a session may send
    /// without an acknowledgement (1,024 messages) would else be work that the sender does not wait for.
    static let requestsPerSession = 256
    /// Pushes are dropped for a client that leaves so many messages unacknowledged: it will sync when it is back. The rest of
    /// the session's queue (`SessionConfiguration.maximumUnacknowledgedMessages`) is kept for responses.
    static let pushBacklog = 512

    /// The body of an echo: the largest that a message carries.
    static let echoBytesMax = Envelope.maximumBytes - Session.maximumOverhead
    /// How long an echoed datagram may wait for room on its path.
    static let echoedDatagramLife = TimeAmount.milliseconds(200)
    /// One report of a client; more often is refused.
    static let reportInterval = TimeAmount.seconds(1)
    /// What one entry of a report may count for: a client that lies cannot bend the rates by much.
    static let reportedCountMax = 1_000

    /// Each loop gets its share and a quarter more, since the kernel does not spread clients evenly.
    init(_ configuration: ServeConfiguration, loopCount: Int) {
        func share(_ total: Int) -> Int { loopCount == 1 ? total : max(1, total / loopCount + total / (4 * loopCount)) }
        connections = share(configuration.limits.connections)
        halfOpen = share(configuration.limits.halfOpen)
        sessions = share(configuration.limits.sessions)
        sessionIdle = configuration.limits.sessionIdle
        handshakeTimeout = configuration.timeouts.handshake
        datagramIdleTimeout = configuration.timeouts.idle
        datagram = configuration.datagram
        streamIdleTimeout = max(configuration.timeouts.idle, .minutes(6))
        tunnel = TunnelUpstream(configuration.upstreams.tunnel, share: share)
        self.loopCount = UInt8(clamping: loopCount)
    }

    var transport: TransportConfiguration {
        var transport = TransportConfiguration.server
        transport.idleTimeout = datagramIdleTimeout
        transport.handshakeTimeout = handshakeTimeout
        transport.discoversMTU = DatagramSocketOptions.canDiscoverMTU
        transport.congestion = datagram.congestion
        transport.packetsPerKey = UInt64(clamping: datagram.packetsPerKey)
        transport.redundancyShare = Double(datagram.redundancyPercent) / 100
        return transport
    }

    var endpoint: EndpointLimits {
        var limits = EndpointLimits()
        limits.maximumConnections = connections
        limits.maximumHalfOpen = halfOpen
        // 0 is always, and no share of a small limit is to become that.
        limits.retryAbove = datagram.retryPercent == 0 ? 0 : max(1, halfOpen * datagram.retryPercent / 100)
        limits.loopCount = loopCount
        return limits
    }

    var sessionTable: SessionTableConfiguration {
        var table = SessionTableConfiguration()
        table.maximumSessions = sessions
        table.lifetime = sessionIdle
        table.loopCount = Int(loopCount)
        return table
    }
}
