/// How much one event loop's server endpoint takes on.
package struct EndpointLimits: Sendable {
    /// Connections of any state. Default 100,000.
    package var maximumConnections = 100_000

    /// Connections whose handshake is not complete: each holds a TLS engine of some 50 KB. Default 1,024.
    package var maximumHalfOpen = 1024

    /// From so many half-open connections on, a first datagram is answered with a Retry unless it brings a token: floods from forged
    /// addresses then cost nothing but an answer each. 0 is always. Default 256.
    package var retryAbove = 256

    /// Stateless resets a second, each for a packet of a connection that is not known. Default 2,000.
    package var statelessResetsPerSecond = 2_000

    /// How many event loops share the port; packets for a loop index beyond it are dropped. Default 1.
    package var loopCount: UInt8 = 1

    package init() {}
}
