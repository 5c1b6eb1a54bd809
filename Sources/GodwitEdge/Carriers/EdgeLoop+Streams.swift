import GodwitMetrics
import GodwitTLS
import GodwitWire
import Logging
import NIOCore

/// The stream carriers of a loop.
extension EdgeLoop {
    /// Takes an accepted TCP connection, or refuses it when the loop has its fill.
    func accept(_ channel: any Channel) throws {
        guard !isStopping else { throw CarrierClosure.goingAway }
        guard datagramCarriers.count + streamCarriers.count < shared.limits.connections else {
            metrics.shared.shed.child("connection_limit").increment()
            throw CarrierClosure.overloaded
        }
        guard halfOpenStreams < shared.limits.halfOpen else {
            metrics.shared.shed.child("half_open_limit").increment()
            throw CarrierClosure.overloaded
        }
        let engine = try TLSEngine(
            context: shared.tls, role: .server, serverName: nil, middleboxCompatibility: true)
        let carrier = StreamCarrier(id: makeCarrierID(), loop: self, engine: engine, now: turnTime())
        try channel.pipeline.syncOperations.addHandler(carrier)
        streamCarriers[carrier.id.number] = carrier
        halfOpenStreams += 1
        touch(carrier)
        endTurn()
    }

    func established(_ carrier: StreamCarrier, isResumed: Bool) {
        halfOpenStreams -= 1
        if isResumed { metrics.shared.resumptions.child("stream").increment() }
        handshakeEnded(.stream, .ok, now: turnTime())
    }

    /// Garbage, a cut stream, an alert: nothing of it has any effect but this.
    func failed(_ carrier: StreamCarrier, _ error: TLSError) {
        shared.logger.debug("stream carrier failed", metadata: ["reason": "\(error)"])
        if carrier.isEstablished { metrics.shared.handshakes.child("stream", "broken").increment() }
        close(carrier, .finished, tellPeer: false)
    }

    /// Parts the carrier from its session and closes its connection.
    func close(_ carrier: StreamCarrier, _ closure: CarrierClosure, tellPeer: Bool = true) {
        if case .over = carrier.binding { return }
        unbind(.stream(carrier), now: turnTime())
        shut(carrier, closure, tellPeer: tellPeer)
    }

    /// The same for a carrier that has been parted from its session.
    func shut(_ carrier: StreamCarrier, _ closure: CarrierClosure, tellPeer: Bool) {
        carrier.binding = .over
        if closure != .finished {
            shared.logger.debug("stream carrier closed", metadata: ["reason": "\(closure.reason)"])
        }
        carrier.close(tellPeer: tellPeer)
    }

    /// The connection is no more.
    func ended(_ carrier: StreamCarrier) {
        guard streamCarriers.removeValue(forKey: carrier.id.number) != nil else { return }
        unbind(.stream(carrier), now: turnTime())
        guard !carrier.isEstablished else { return }
        halfOpenStreams -= 1
        handshakeEnded(.stream, .failed, now: turnTime())
    }

    /// When the carrier will have been silent for too long.
    func deadline(of carrier: StreamCarrier) -> NIODeadline {
        carrier.isEstablished
            ? carrier.lastHeard + shared.limits.streamIdleTimeout
            : carrier.acceptedAt + shared.limits.handshakeTimeout
    }

    func checkDeadline(of carrier: StreamCarrier, now: NIODeadline) {
        if deadline(of: carrier) <= now {
            close(carrier, .idle)
        } else {
            arm(carrier)
        }
    }
}
