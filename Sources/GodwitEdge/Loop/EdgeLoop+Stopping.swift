import GodwitTunnel
import GodwitWire
import NIOCore

/// The end of a loop, in order: no new work, then a goodbye to every client, then nothing.
extension EdgeLoop {
    /// From now on sessions are not opened and requests are refused; those under way go on. Tunnels would not survive this
    /// process: their clients are told while there is time.
    func stopTakingWork() {
        isStopping = true
        for bound in boundSessions.values where bound.tunnels != nil {
            bound.tunnels?.resetAll(.stopping)
            touch(bound)
        }
        endTurn()
    }

    /// Requests that an upstream has not answered.
    var requestsUnderway: Int { boundSessions.values.reduce(0) { $0 + $1.underway.count } }

    /// Tells every client that the server goes away and that it should come back soon.
    func sayGoodbye() {
        let now = turnTime()
        for carrier in datagramCarriers.values { close(carrier, .goingAway, now: now) }
        for carrier in streamCarriers.values { close(carrier, .goingAway) }
        endTurn()
    }

    /// Closes the socket and forgets everything.
    func finish() {
        cancelTimer()
        socket?.close()
        datagramCarriers.removeAll()
        datagramNumbers.removeAll()
        remoteCarriers.removeAll()
        for bound in boundSessions.values { dropTunnels(of: bound, .stopping) }
        boundSessions.removeAll()
    }
}
