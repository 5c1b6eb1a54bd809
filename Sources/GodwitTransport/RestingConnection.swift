import GodwitTLS
import GodwitWire
import NIOCore

/// What is left of a server's connection while it says nothing, as most of a server's do most of the time: what the peer relies on,
/// and what was learned of the path. All else a new `Connection` has from the start.
///
/// What it counted goes to its owner: a woken connection's figures begin at 0, but for the drops, which have a limit.
struct RestingConnection {
    let clientChosenID: ConnectionID
    let localID: ConnectionID
    let peerID: ConnectionID
    let localIDs: LocalIDs?
    let remote: Address
    let isResumed: Bool
    let keys: PacketKeys
    let keyPhase: KeyPhase
    let idle: IdleTimer
    let position: PacketSpace.Position
    let received: ReceivedPackets.Resting
    let recovery: Recovery<ConfiguredController>.Resting
    let outgoing: OutgoingMessages.Resting
    let incoming: IncomingMessages.Resting
    let savings: RedundancyBudget
    let drops: DropCounters
    /// Nil as long as nothing large was sent.
    let bulk: Bulk?
    /// When it must be woken.
    let deadline: NIODeadline?

    /// What only large messages teach.
    final class Bulk {
        let mtu: MTUDiscovery
        let ecn: ECNValidation
        let blackHole: BlackHole

        init(mtu: MTUDiscovery, ecn: ECNValidation, blackHole: BlackHole) {
            self.mtu = mtu
            self.ecn = ecn
            self.blackHole = blackHole
        }
    }

    /// Nil while there is more to it than can be kept.
    init?(_ connection: Connection) {
        guard connection.isQuiet, let keys = connection.application.keys,
            let received = connection.application.received.resting, let outgoing = connection.outgoing.resting,
            let incoming = connection.incoming.resting
        else { return nil }
        clientChosenID = connection.clientChosenID
        localID = connection.localID
        peerID = connection.peerID
        localIDs = connection.localIDs
        remote = connection.remote
        isResumed = connection.handshake.isResumed
        keys.rest()
        self.keys = keys
        keyPhase = connection.keyPhase
        idle = connection.idle
        position = connection.application.position
        self.received = received
        recovery = connection.recovery.resting
        self.outgoing = outgoing
        self.incoming = incoming
        savings = connection.repetitions.savings
        drops = connection.counters.drops
        let ecn = connection.recovery.ecn.withoutFigures
        let isFresh =
            connection.mtu == MTUDiscovery(connection.configuration, remote: connection.remote)
            && ecn == ECNValidation() && connection.recovery.blackHole == BlackHole()
        bulk = isFresh ? nil : Bulk(mtu: connection.mtu, ecn: ecn, blackHole: connection.recovery.blackHole)
        deadline = connection.pollTimeout()
    }
}

extension PacketSpace {
    init(waking resting: RestingConnection) {
        keys = resting.keys
        sent = SentPackets(nextNumber: resting.position.nextNumber)
        received = ReceivedPackets(waking: resting.received)
        largestAcknowledged = resting.position.largestAcknowledged
    }
}
