import GodwitTLS
import GodwitWire
import NIOCore

/// What a connection has to tell the session above it, taken with `Connection.pollEvent()`.
package enum ConnectionEvent {
    /// The handshake is complete. Comes once, before any message.
    case established
    /// A whole message from the peer, once, in no particular order.
    case message(ByteBuffer)
    /// An unreliable datagram from the peer, at most once, in no particular order.
    case datagram(ByteBuffer)
    /// Server: the same before `established`. It may be a copy of what a client said at another time (RFC 8446 §8): only what may be
    /// done twice may be done for it now.
    case earlyMessage(ByteBuffer)
    /// Client: comes with its next connection's first flight, and only once. It is worth its keeping.
    case ticket(ResumptionTicket)
    /// The peer's transport has the whole message that `send` gave this number.
    case messageAcknowledged(UInt64)
    /// A message was given up, since its deadline has passed. The peer may have it all the same.
    case messageLate(UInt64)
    /// Packets now go to this address: the peer's address has changed (server side).
    case remoteAddressChanged(Address, MigrationCause)
    /// Comes once, last. The connection still wants to be driven (it may owe the peer a CLOSE) until `state` is `.closed`.
    case closed(CloseReason)
}

package enum ConnectionState: Sendable, Equatable {
    case handshaking
    case established
    /// We closed; the peer is being told.
    case closing
    /// The peer closed; we are silent until late packets have died out.
    case draining
    /// Nothing more will happen; the owner can drop the connection.
    case closed
}
