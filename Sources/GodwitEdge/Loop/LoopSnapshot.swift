import GodwitMetrics
import GodwitTransport
import GodwitWire
import NIOCore

/// What one loop says for a scrape; addable.
struct LoopSnapshot: Sendable {
    var established: [CarrierKind: Int] = [:]
    var attachedSessions: [CarrierKind: Int] = [:]
    var detachedSessions = 0
    var tunnels = 0
    var drops = DropCounters()
    var statelessResets = 0
    var retries = 0
    var retriesAnswered = 0
    var transport = TransportTotals()
    var success = SuccessFigures()

    static func += (left: inout LoopSnapshot, right: LoopSnapshot) {
        left.established.merge(right.established, uniquingKeysWith: +)
        left.attachedSessions.merge(right.attachedSessions, uniquingKeysWith: +)
        left.detachedSessions += right.detachedSessions
        left.tunnels += right.tunnels
        left.drops.add(right.drops)
        left.statelessResets += right.statelessResets
        left.retries += right.retries
        left.retriesAnswered += right.retriesAnswered
        left.transport += right.transport
        left.success += right.success
    }
}

extension EdgeLoop {
    /// Adds the loop's plain counters to the shared ones, and says how things stand.
    ///
    /// - Parameter now: the same for all loops, so that their windows can be added.
    func snapshot(now: NIODeadline) -> LoopSnapshot {
        metrics.publish()
        var snapshot = LoopSnapshot()
        snapshot.established = [
            .datagram: datagramCarriers.values.count { $0.isEstablished },
            .stream: streamCarriers.values.count { $0.isEstablished },
        ]
        snapshot.attachedSessions = [.datagram: 0, .stream: 0]
        for session in boundSessions.values {
            if let carrier = session.carrier {
                snapshot.attachedSessions[carrier.kind, default: 0] += 1
            } else {
                snapshot.detachedSessions += 1
            }
        }
        snapshot.tunnels = tunnelCount
        snapshot.drops = endpoint.drops
        snapshot.statelessResets = Int(clamping: endpoint.resetCount)
        snapshot.retries = Int(clamping: endpoint.retryCount)
        snapshot.retriesAnswered = Int(clamping: endpoint.retryAnswerCount)
        snapshot.transport = restedTransports
        for carrier in datagramCarriers.values {
            if let connection = carrier.served.awake { snapshot.transport.add(connection.statistics) }
        }
        snapshot.success = metrics.window.figures(now: now.uptimeNanoseconds)
        return snapshot
    }
}
