import GodwitSession
import GodwitTransport
import GodwitWire
import NIOCore

/// What every shell does between a session and its carrier.
enum CarrierFlow {
    /// Moves envelopes from the session to the connection for as long as a whole one fits.
    static func move(from session: Session, to connection: Connection, now: NIODeadline) {
        guard connection.state == .established || connection.state == .handshaking else { return }
        while let name = session.pollGivenUp() { connection.giveUp(name) }
        while let room = connection.leastUrgentWithRoom(for: Envelope.maximumBytes),
            let envelope = session.pollEnvelope(downTo: room, now: now)
        {
            guard
                let name = try? connection.send(
                    envelope.bytes, urgency: envelope.urgency, deadline: envelope.deadline, now: now)
            else { return }
            session.carrierTook(envelope, as: name)
        }
    }

    /// Hands the connection's datagrams to the network.
    static func transmit(
        _ connection: Connection, from source: Address, over network: inout SimulatedNetwork, now: NIODeadline
    ) {
        while true {
            // A new buffer each time: the network keeps the datagram.
            var datagram = ByteBuffer()
            guard let destination = connection.pollTransmit(now: now, into: &datagram) else { return }
            network.send(datagram, from: source, to: destination, now: now)
        }
    }
}
