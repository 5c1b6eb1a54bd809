import GodwitSession
import GodwitWire
import IMService
import NIOCore

/// What one event loop asks of another. A session, and a connection, belong to one loop; the others send it these.
enum LoopMessage: Sendable {
    /// A datagram that names a connection of the receiving loop, received on the sending loop's socket.
    case datagram(ByteBuffer, from: SocketAddress)

    // From the loop of a carrier to the home loop of its session.

    /// The first envelope of a carrier, whose ticket names the receiving loop.
    case open(ByteBuffer, carrier: CarrierID, kind: CarrierKind)
    case envelope(ByteBuffer, carrier: CarrierID)
    /// The least urgent envelopes that the carrier takes for now; nil = none.
    case carrierRoom(CarrierID, Urgency?)
    case carrierLost(CarrierID)

    // From the home loop of a session to the loop of its carrier.

    case deliver(SessionEnvelope, carrier: UInt64)
    case deliverDatagram(SessionDatagram, carrier: UInt64)
    /// The session is refused: the reason goes to the client, then the carrier is closed.
    case refuse(ByteBuffer, carrier: UInt64, CarrierClosure)
    case closeCarrier(UInt64, CarrierClosure)

    // From the core.

    case core([CoreOutput])
}
