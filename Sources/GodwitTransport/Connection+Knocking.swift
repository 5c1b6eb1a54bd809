import GodwitWire
import NIOCore

/// Finding out at once that the path is back.
extension Connection {
    /// When to knock, nil while the path answers, nobody waits, or it has been silent for too long. While the handshake is not confirmed
    /// its own probes ask.
    var knockDeadline: NIODeadline? {
        guard recovery.isSilent, state == .established, !hasInitialSpace, outgoing.hasUnacknowledged,
            let lastAsked = application.sent.newestEliciting
        else { return nil }
        return recovery.knockDeadline(lastAsked: lastAsked)
    }

    func handleKnockTimeout(now: NIODeadline) {
        guard !isBlockedByAmplification, let deadline = knockDeadline, deadline <= now else { return }
        let limit = configuration.maximumDatagramBytes / 2
        let message = outgoing.nextToRepeat(after: recovery.knocking.lastMessage, maximumBytes: limit)
        recovery.knock(message.map { .message($0) } ?? .ping, now: now)
    }

    /// - Returns: whether a message was written.
    func writeKnock(into datagram: inout ByteBuffer, _ writer: inout PacketWriter, isLast: Bool) -> Bool {
        switch recovery.takeKnock() {
        case .message(let number):
            guard
                let frame = outgoing.writeCopy(
                    of: number, into: &datagram, space: writer.space(in: datagram), isLast: isLast)
            else {
                application.pingDue = true
                return false
            }
            writer.add(frame)
            return true
        case .ping:
            application.pingDue = true
            return false
        case nil: return false
        }
    }
}
