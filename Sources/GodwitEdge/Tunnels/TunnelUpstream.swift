import NIOCore

/// What tunnels may do on one event loop.
struct TunnelUpstream: Sendable {
    let allow: TunnelAllowList
    let token: [UInt8]
    /// On this loop, connecting ones included.
    let tunnels: Int
    let tunnelsPerSession: Int
    let idle: TimeAmount

    /// How long the target may take to accept the connection.
    static let connectTimeout = TimeAmount.seconds(10)
    /// Bytes of one tunnel that wait for a target that reads slowly.
    static let maximumWindow = 256 << 10

    /// nil when tunnels are off.
    init?(_ configuration: ServeConfiguration.Tunnel, share: (Int) -> Int) {
        guard !configuration.allow.isEmpty, !configuration.token.isEmpty else { return nil }
        allow = configuration.allow
        token = Array(configuration.token.utf8)
        tunnels = share(configuration.connections)
        tunnelsPerSession = configuration.sessionConnections
        idle = configuration.idle
    }

    /// Takes the same time wherever the first difference is.
    func accepts(_ given: [UInt8]) -> Bool {
        guard given.count == token.count else { return false }
        return zip(given, token).reduce(0) { $0 | ($1.0 ^ $1.1) } == 0
    }
}
