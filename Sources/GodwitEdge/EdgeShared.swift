import GodwitMetrics
import GodwitTLS
import GodwitTransport
import Logging

/// What all loops of an edge have in common, fixed at the start.
struct EdgeShared: Sendable {
    let directory: LoopDirectory
    let tls: TLSContext
    let upstreams: Upstreams
    let metrics: EdgeMetrics
    let limits: LoopLimits
    let endpoint: EndpointIdentity
    let logger: Logger

    /// The protocol's name in TLS, on both carriers.
    static let applicationProtocol = "godwit/1"
}
