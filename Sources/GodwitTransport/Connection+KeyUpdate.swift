import GodwitTLS
import GodwitWire
import NIOCore

/// New packet keys for a connection that lives long (RFC 9001 §6).
extension Connection {
    /// Our keys have protected as many packets as they should: replaces them as soon as that is allowed.
    ///
    /// - Returns: false if nothing may be sent under them any more.
    func renewKeys(now: NIODeadline) -> Bool {
        // The handshake is confirmed when its keys are gone, on both ends.
        if let keys = application.keys, state == .established, !hasInitialSpace, keyPhase.mayUpdate(now: now) {
            do throws(TLSError) {
                try keys.update()
            } catch {
                fail(error, now: now)
                return false
            }
            keyPhase.advance(
                nextNumber: application.sent.nextNumber, largestReceived: application.received.largest)
            counters.keyUpdatesStarted += 1
            return true
        }
        guard keyPhase.isUsedUp(nextNumber: application.sent.nextNumber) else { return true }
        closeForKeyLimit(now: now)
        return false
    }

    private func closeForKeyLimit(now: NIODeadline) {
        let code = TransportErrorCode.keyLimit
        beginClosing(
            CloseFrame(byApplication: false, code: code.rawValue, reason: code.description), .keyLimitReached, now: now)
    }

    /// An authentic application packet came while a key update is not settled, or it begins one.
    ///
    /// - Returns: false if the connection ends because of it.
    func notePhase(of opened: PacketKeys.Opened, keys: PacketKeys, now: NIODeadline) -> Bool {
        do throws(ProtocolError) {
            let byPrevious = opened.isOtherPhase && keys.hasPrevious
            if opened.isOtherPhase, !byPrevious {
                try keyPhase.checkPeerUpdate()
                guard followUpdate(keys, now: now) else { return false }
            }
            try keyPhase.opened(opened.number, byPrevious: byPrevious, deadline: now + previousKeysLifetime)
            return true
        } catch {
            fail(error, now: now)
            return false
        }
    }

    private func followUpdate(_ keys: PacketKeys, now: NIODeadline) -> Bool {
        do throws(TLSError) {
            try keys.update()
        } catch {
            fail(error, now: now)
            return false
        }
        keyPhase.advance(nextNumber: application.sent.nextNumber, largestReceived: application.received.largest)
        counters.keyUpdatesFollowed += 1
        return true
    }

    func handleKeyTimeout(now: NIODeadline) {
        guard let deadline = keyPhase.previousDeadline, deadline <= now else { return }
        do throws(TLSError) {
            try application.keys?.forgetPrevious()
        } catch {
            fail(error, now: now)
        }
        keyPhase.forgetPrevious()
    }

    /// A packet did not authenticate. Of all phases together only so many may be tried (RFC 9001 §6.6).
    func noteForgery(now: NIODeadline) {
        guard counters.drops[.authenticationFailed] >= forgeryLimit else { return }
        closeForKeyLimit(now: now)
    }

    /// Three probe timeouts (RFC 9001 §6.5): what was under way has arrived by then, or was sent again.
    var previousKeysLifetime: TimeAmount { .nanoseconds(3 * recovery.probeTimeout.nanoseconds) }
}
