import GodwitSession
import GodwitWire
import NIOCore

/// Unreliable datagrams: on the carrier of the moment or not at all.
extension ClientCore {
    func sendDatagram(_ command: UInt32, body: ByteBuffer, deadline: NIODeadline) throws(ClientError) {
        guard !isStopped else { throw .closed }
        do throws(SessionSendError) {
            try session.sendDatagram(command, body: body, deadline: deadline)
        } catch {
            guard case .tooLarge(let bytes, let limit) = error else { throw .closed }
            throw .tooLarge(bytes: bytes, limit: limit)
        }
        pump()
    }

    func transmitDatagrams(on carrier: LiveCarrier, now: NIODeadline) {
        while let datagram = session.pollDatagram(now: now) { carrier.send(datagram) }
    }
}

extension LiveCarrier {
    /// Bytes on a stream are never late by choice, so there a datagram goes like anything else, if there is room.
    func send(_ datagram: SessionDatagram) {
        switch self {
        case .datagram(let carrier): carrier.send(datagram)
        case .stream(let carrier): if carrier.canSend { carrier.send(datagram.envelope) }
        }
    }
}
