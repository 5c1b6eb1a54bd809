import NIOCore

/// What became of a datagram that a `ServerEndpoint` received.
package enum Routing {
    /// This connection has taken it; poll the connection now.
    case connection(ConnectionHandle)
    /// Another event loop owns the connection; pass the datagram to its endpoint.
    case loop(UInt8, ByteBuffer)
    /// Send this back to where the datagram came from.
    case reply(ByteBuffer)
    case dropped(DropReason)
}
