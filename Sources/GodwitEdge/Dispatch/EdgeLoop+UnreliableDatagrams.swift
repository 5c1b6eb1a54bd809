import GodwitMetrics
import GodwitSession
import GodwitTransport
import GodwitWire
import NIOCore

/// Unreliable datagrams of sessions: what is late is worth nothing, so nothing here waits.
extension EdgeLoop {
    /// What came of a connection outside its messages. Before a session is open there is nothing to do with it, and nothing but a
    /// datagram is taken from there: everything else of a session must arrive.
    func receiveUnreliable(_ envelope: ByteBuffer, on carrier: DatagramCarrier, now: NIODeadline) {
        guard envelope.getInteger(at: envelope.readerIndex, as: UInt8.self) == DatagramEnvelope.type else { return }
        switch carrier.binding {
        case .local, .forwarded: receive(envelope, on: carrier, now: now)
        case .unopened, .over: break
        }
    }

    func dispatchDatagram(_ command: UInt32, _ body: ByteBuffer, of bound: BoundSession, now: NIODeadline) {
        guard case .echo? = shared.upstreams.upstream(for: command), !isStopping else {
            metrics.shared.shed.child("datagram_command").increment()
            return
        }
        do throws(SessionSendError) {
            try bound.session.sendDatagram(command, body: body, deadline: now + LoopLimits.echoedDatagramLife)
        } catch {
            metrics.shared.shed.child("datagram_refused").increment()
        }
    }

    /// Gives a session's datagrams to its carrier; a carrier that takes no more drops them.
    func deliverDatagrams(of bound: BoundSession, now: NIODeadline) {
        while let datagram = bound.session.pollDatagram(now: now) {
            switch bound.carrier {
            case .datagram(let carrier)?: sendUnreliable(datagram, on: carrier, now: now)
            case .stream(let carrier)?:
                if bound.room != nil, !carrier.send(datagram.envelope) { bound.room = nil }
            case .remote(let id, _)?: outbox.add(.deliverDatagram(datagram, carrier: id.number), to: id.loop)
            case nil: return
            }
        }
    }

    /// Of a session that lives on another loop, or here.
    func sendUnreliable(_ datagram: SessionDatagram, on carrier: DatagramCarrier, now: NIODeadline) {
        // Refused only when the connection is over, and with it the datagram's use.
        try? carrier.connection.sendDatagram(datagram.envelope, deadline: datagram.deadline, now: now)
        touch(carrier)
    }
}
