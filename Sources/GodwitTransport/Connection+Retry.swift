import GodwitTLS
import GodwitWire
import NIOCore

extension Connection {
    /// Client: the server wants to know that we are where we say we are. Begins again, once, with its token as the chosen ID
    /// (RFC 9000 §17.2.5.2).
    func takeRetry(_ retry: RetryPacket, now: NIODeadline) -> DropReason? {
        guard role == .client, state == .handshaking, !hasHeardPeer, !hasRetried, retry.source == clientChosenID,
            retry.destination == localID
        else { return .malformed }
        hasRetried = true
        clientChosenID = retry.token
        peerID = retry.token
        do throws(TLSError) {
            initial?.space.keys = try .initial(role: .client, clientChosenID: retry.token)
            if early.outcome == .offered, let secret = handshake.earlySecret(clientChosenID: retry.token) {
                early = EarlyData()
                try early.begin(role: .client, secret: secret)
            }
        } catch {
            finish(.tls(error))
            return nil
        }
        // The server has kept nothing. Packet numbers go on: nobody can tell the second beginning from the first by a nonce.
        if let initial { recovery.giveUp(&initial.space, sentBefore: now, now: now, outcome: &outcome) }
        recovery.giveUp(&application, sentBefore: now, now: now, outcome: &outcome)
        recovery.resetProbes()
        applyOutcome(now: now)
        return nil
    }
}
