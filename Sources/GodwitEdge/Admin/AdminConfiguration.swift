import NIOCore

/// Where the admin pages are served, and how little a client of theirs may take.
package struct AdminConfiguration: Equatable, Sendable {
    package var address: HostPort
    /// Connections at a time; later ones wait in the accept queue.
    package var maximumConnections = 64
    /// One header field, in bytes: requests of people and of Prometheus stay below 1 KiB.
    package var maximumHeaderFieldBytes = 4_096
    package var maximumHeaderBytes = 16_384
    package var maximumHeaderFields = 64
    /// Without a whole request for this long, the connection is closed.
    package var idleTimeout = TimeAmount.seconds(10)

    package init(address: HostPort = HostPort(host: "127.0.0.1", port: 9464)) {
        self.address = address
    }
}
