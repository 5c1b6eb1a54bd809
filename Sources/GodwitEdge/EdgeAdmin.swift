import Glibc
import GodwitMetrics
import GodwitTLS
import GodwitTransport
import GodwitWire
import IMService
import NIOCore

/// What the admin pages show: each call asks every loop and adds up what they say.
extension Edge: AdminSource {
    /// As `godwit --version` says it.
    package static let version = "0.1.0"

    package func metricsText() async -> String {
        let snapshot = await snapshot()
        for (carrier, count) in snapshot.established { metrics.connections.child(carrier.name).set(count) }
        for (carrier, count) in snapshot.attachedSessions {
            metrics.sessions.child(carrier.name, "attached").set(count)
        }
        metrics.sessions.child("none", "detached").set(snapshot.detachedSessions)
        metrics.tunnels.open.set(snapshot.tunnels)
        for reason in DropReason.allCases {
            metrics.datagramsDropped.child(reason.name).raise(to: Int(clamping: snapshot.drops[reason]))
        }
        metrics.statelessResets.child().raise(to: snapshot.statelessResets)
        metrics.retries.child("sent").raise(to: snapshot.retries)
        metrics.retries.child("answered").raise(to: snapshot.retriesAnswered)
        let transport = snapshot.transport
        metrics.packetsLost.child().raise(to: transport.packetsLost)
        metrics.probes.child().raise(to: transport.probes)
        metrics.keepAlives.child().raise(to: transport.keepAlivesSent)
        metrics.congestionMarks.child().raise(to: transport.congestionMarks)
        metrics.ecnPaths.child("capable").raise(to: transport.ecnPathsCapable)
        metrics.ecnPaths.child("failed").raise(to: transport.ecnPathsFailed)
        metrics.keyUpdates.child("server").raise(to: transport.keyUpdatesStarted)
        metrics.keyUpdates.child("client").raise(to: transport.keyUpdatesFollowed)
        metrics.mtuProbes.child().raise(to: transport.mtuProbes)
        metrics.blackHoles.child().raise(to: transport.blackHoles)
        metrics.copiesSent.child().raise(to: transport.copiesSent)
        metrics.copyBytesSent.child().raise(to: transport.copyBytesSent)
        metrics.messagesSavedByCopies.child().raise(to: transport.messagesSavedByCopies)
        metrics.datagramsSavedByCopies.child().raise(to: transport.datagramsSavedByCopies)
        metrics.repairsSent.child().raise(to: transport.repairsSent)
        metrics.repairBytesSent.child().raise(to: transport.repairBytesSent)
        metrics.messagesSavedByRepair.child().raise(to: transport.messagesSavedByRepair)
        metrics.messagesRecovered.child().raise(to: transport.messagesRecovered)
        metrics.messagesGivenUp.child("cancelled").raise(to: transport.messagesCancelled)
        metrics.messagesGivenUp.child("late").raise(to: transport.messagesLate)
        metrics.messagesGivenUp.child("peer").raise(to: transport.messagesGivenUpByPeer)
        if let tickets = tickets?.counters {
            metrics.tickets.child("issued").raise(to: Int(clamping: tickets.issued))
            metrics.tickets.child("used").raise(to: Int(clamping: tickets.resumed))
            metrics.tickets.child("unknown").raise(to: Int(clamping: tickets.unknown))
            metrics.earlyData.child("accepted").raise(to: Int(clamping: tickets.earlyAccepted))
            metrics.earlyData.child("replayed").raise(to: Int(clamping: tickets.earlyReplayed))
            metrics.earlyData.child("refused").raise(to: Int(clamping: tickets.earlyRefused))
        }
        if let core {
            let counters = core.counters
            metrics.im.copy(counters)
            metrics.store.copy(core.storeFigures, shardsFailed: counters.shardsFailed)
        }
        return registry.render()
    }

    package func success() async -> SuccessReport {
        SuccessReport(figures: await snapshot().success, generatedAt: Int64(time(nil)))
    }

    package func readiness() async -> Readiness {
        switch phase.current {
        case .starting: .notReady(reason: "starting")
        case .serving:
            switch core?.counters.shardsFailed ?? 0 {
            case 0: .ready
            case let failed:
                .notReady(reason: "\(failed) of the store's shards closed after a failed write; see the log, restart")
            }
        case .draining: .notReady(reason: "draining")
        case .stopped: .notReady(reason: "stopped")
        }
    }

    package func status() async -> EdgeStatus {
        let snapshot = await snapshot()
        return EdgeStatus(
            version: Self.version, uptimeSeconds: Int((NIODeadline.now() - startedAt).nanoseconds / 1_000_000_000),
            listen: listenAddress.hostAndPort, pin: pin.description,
            attachedSessions: Dictionary(
                uniqueKeysWithValues: snapshot.attachedSessions.map { ($0.key.name, $0.value) }),
            detachedSessions: snapshot.detachedSessions,
            acknowledgedMessages: metrics.ackedMessages.child().value,
            redeliveries: metrics.redeliveries.child().value)
    }

    private func snapshot() async -> LoopSnapshot {
        let now = NIODeadline.now()
        var sum = LoopSnapshot()
        for snapshot in await directory.collect({ $0.snapshot(now: now) }) { sum += snapshot }
        return sum
    }
}
