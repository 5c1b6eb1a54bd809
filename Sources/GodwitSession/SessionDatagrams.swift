import DequeModule
import GodwitWire
import NIOCore

/// Unreliable datagrams beside the numbered messages: they live and die with the carrier of the moment.
extension Session {
    /// Queued for the carrier at most; more than a turn of the owner's produces. The oldest is dropped for the newest.
    static let maximumDatagrams = 64

    /// Gives a datagram to the carrier of the moment. Without one, or when it is late, it is dropped.
    ///
    /// - Parameter deadline: when it is worth nothing any more.
    package func sendDatagram(_ command: UInt32, body: ByteBuffer, deadline: NIODeadline) throws(SessionSendError) {
        let size = body.readableBytes
        guard phase != .closed else { throw .closed }
        guard size <= configuration.maximumDatagramBytes else {
            throw .tooLarge(bytes: size, limit: configuration.maximumDatagramBytes)
        }
        guard phase == .open else {
            statistics.datagramsDropped += 1
            return
        }
        if datagrams.count >= Self.maximumDatagrams {
            datagrams.removeFirst()
            statistics.datagramsDropped += 1
        }
        var envelope = ByteBuffer()
        envelope.reserveCapacity(size + DatagramEnvelope.maximumOverhead)
        Envelope.datagram(DatagramEnvelope(command: command, body: body)).encode(into: &envelope)
        datagrams.append(SessionDatagram(envelope: envelope, deadline: deadline))
    }

    /// The next datagram for the carrier; nil = none. One that does not fit into the carrier now is dropped by the owner.
    package func pollDatagram(now: NIODeadline) -> SessionDatagram? {
        while let next = datagrams.popFirst() {
            guard next.deadline < now else {
                statistics.datagramsSent += 1
                return next
            }
            statistics.datagramsDropped += 1
        }
        return nil
    }

    func receiveDatagram(_ datagram: DatagramEnvelope) {
        statistics.datagramsReceived += 1
        events.append(.datagram(command: datagram.command, body: datagram.body))
    }
}

/// An envelope that the carrier sends once or not at all.
package struct SessionDatagram: Hashable, Sendable {
    package let envelope: ByteBuffer
    package let deadline: NIODeadline
}
