import GodwitTLS
import GodwitWire
import NIOCore

/// A connection's place in a `ServerEndpoint`; a removed connection's handle never names a later one.
package struct ConnectionHandle: Hashable, Sendable {
    let slot: UInt32
    let generation: UInt32
}

/// What became of a datagram.
package enum Routing {
    /// This connection has taken it; poll the connection now.
    case connection(ConnectionHandle)
    /// Another event loop owns the connection; pass the datagram to its endpoint.
    case loop(UInt8, ByteBuffer)
    /// Send this back to where the datagram came from.
    case reply(ByteBuffer)
    case dropped(DropReason)
}

/// The server side of one event loop: finds the connection that a datagram is for, or makes it. Bounded tables; counts drops.
package final class ServerEndpoint {
    package private(set) var drops = DropCounters()
    package private(set) var connectionCount = 0
    package private(set) var halfOpenCount = 0

    package init(
        configuration: TransportConfiguration, tls: TLSContext, loopIndex: UInt8, limits: EndpointLimits,
        random: RandomSource
    ) {}

    package func receive(_ datagram: consuming ByteBuffer, from source: Address, now: NIODeadline) -> Routing {
        .dropped(.malformed)
    }

    package func connection(_ handle: ConnectionHandle) -> Connection? { nil }

    /// Forgets a connection; its IDs become unknown.
    package func remove(_ handle: ConnectionHandle) {}
}
