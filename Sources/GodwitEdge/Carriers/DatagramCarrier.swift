import GodwitTransport
import GodwitWire
import NIOCore

/// One datagram connection as its loop keeps it.
final class DatagramCarrier {
    let id: CarrierID
    let handle: ConnectionHandle
    let served: ServedConnection
    /// To ask for it is to wake it.
    var connection: Connection { served.connection }
    var binding = CarrierBinding.unopened

    /// Where the connection's datagrams go.
    var remote: Address
    /// The same in the socket's own form, nil until it is needed.
    var destination: SocketAddress?

    var isEstablished = false
    /// In the list of carriers that this turn visits.
    var isTouched = false
    /// What the session was told that the connection takes: the least urgent envelopes, nil = none.
    var room: Urgency? = .media
    /// Set when the client was sent its last: with that acknowledged, the connection can close.
    var closesWhenHeard: CarrierClosure?
    /// Early messages that must not be copies, until the handshake has shown that they are none.
    private var heldBack: [ByteBuffer] = []
    /// The earliest entry in the loop's heap.
    var armed: NIODeadline?

    init(
        id: CarrierID, handle: ConnectionHandle, served: ServedConnection, destination: SocketAddress, remote: Address
    ) {
        self.id = id
        self.handle = handle
        self.served = served
        self.destination = destination
        self.remote = remote
    }

    var hasHeldBack: Bool { !heldBack.isEmpty }

    /// Early data is bounded by the transport, so this is.
    func holdBack(_ envelope: ByteBuffer) { heldBack.append(envelope) }

    func takeHeldBack() -> [ByteBuffer] {
        defer { heldBack = [] }
        return heldBack
    }

    /// Room below which a session's next envelope might not fit.
    static let lowWaterBytes = 512 * 1024
}
