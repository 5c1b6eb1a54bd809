import GodwitWire
import NIOCore

/// Finding out how large datagrams may be.
extension Connection {
    /// The largest datagram to send now. When nothing is answered, size may be why.
    package var datagramLimit: Int {
        recovery.probeTimer.firedCount < BlackHole.timeouts
            ? mtu.current : min(mtu.current, configuration.maximumDatagramBytes)
    }

    /// Writes a datagram of a size that is not known to arrive: PING and PADDING (RFC 9000 §14.4).
    ///
    /// - Returns: whether there is one.
    func writeMTUProbe(into datagram: inout ByteBuffer, now: NIODeadline) -> Bool {
        guard state == .established, !hasInitialSpace, path.validation == nil, let keys = application.keys,
            let size = mtu.probeSize(waiting: outgoing.queuedBytes, number: application.sent.nextNumber, now: now),
            recovery.canSend(now: now)
        else { return false }
        let number = application.sent.nextNumber
        let header = PacketWriter.Header.short(destination: peerID, phase: keys.phaseBit)
        guard var writer = begin(header, application.position, limit: size, &datagram) else { return false }
        Frame.ping.encode(into: &datagram)
        writer.add(.mtuProbe(bytes: size))
        finish(writer, in: &application, keys, &datagram, minimum: size, now: now)
        mtu.probeSent(number: number)
        counters.mtuProbes += 1
        return datagram.readableBytes > 0
    }

    /// Packets now take another path, of which nothing is known.
    func restartMTU() {
        mtu = MTUDiscovery(
            base: configuration.maximumDatagramBytes, remote: path.remote, isWanted: configuration.discoversMTU)
        recovery.blackHole = BlackHole()
    }

    func checkForBlackHole(now: NIODeadline) {
        guard recovery.blackHole.isFound else { return }
        recovery.blackHole = BlackHole()
        // Those that were on their way then are lost as well: no second hole.
        guard mtu.current > configuration.maximumDatagramBytes else { return }
        counters.blackHoles += 1
        mtu.fallBack(now: now)
    }
}
