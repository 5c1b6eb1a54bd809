import GodwitTLS
import GodwitWire
import NIOCore

extension Connection {
    /// When `handleTimeout` wants to be called, nil for never.
    package func pollTimeout() -> NIODeadline? {
        switch state {
        case .closed: return nil
        case .closing, .draining: return closing?.deadline
        case .handshaking, .established: break
        }
        var next = idle.deadline
        func consider(_ deadline: NIODeadline?) {
            if let deadline, deadline < next { next = deadline }
        }
        if state == .handshaking { consider(handshakeDeadline) }
        consider(initial?.space.lossDeadline)
        consider(application.lossDeadline)
        consider(path.validation?.nextDeadline)
        consider(outgoing.earliestDeadline)
        consider(restDeadline)
        consider(keyPhase.previousDeadline)
        // Nothing can be sent before the peer sends, so there is nothing to wake up for.
        guard !isBlockedByAmplification else { return next }
        consider(flightRepetition.deadline)
        consider(initialProbeDeadline)
        consider(applicationProbeDeadline)
        consider(knockDeadline)
        consider(application.received.deadline)
        consider(repetitions.deadline)
        consider(datagrams.copyDeadline)
        consider(keepAliveDeadline)
        if hasSendable || dueRepair != nil || !datagrams.isEmpty || handshake.stream.hasPending {
            consider(recovery.pacingDeadline)
        }
        return next
    }

    package func handleTimeout(now: NIODeadline) {
        switch state {
        case .closed: return
        case .closing, .draining:
            if let deadline = closing?.deadline, deadline <= now {
                state = .closed
                handshake.releaseEngine()
            }
            return
        case .handshaking, .established: break
        }
        if idle.deadline <= now { return finish(.idleTimeout) }
        if state == .handshaking, handshakeDeadline <= now { return finish(.handshakeTimeout) }
        if let initial, let deadline = initial.space.lossDeadline, deadline <= now {
            recovery.detectLosses(in: &initial.space, now: now, outcome: &outcome)
        }
        if let deadline = application.lossDeadline, deadline <= now {
            recovery.detectLosses(in: &application, now: now, outcome: &outcome)
        }
        handleKeyTimeout(now: now)
        handleKeepAliveTimeout(now: now)
        if let deadline = repetitions.deadline, deadline <= now {
            repetitions.handleTimeout(now: now, hasRoom: recovery.canSend(now: now))
        }
        giveUpLate(now: now)
        if flightRepetition.isDue(now: now), let initial {
            initial.space.probesDue = max(initial.space.probesDue, 1)
            sendFlightAgain(now: now)
        }
        handlePathTimeout(now: now)
        handleProbeTimeouts(now: now)
        handleKnockTimeout(now: now)
        applyOutcome(now: now)
        handleRest(now: now)
    }

    private func handleProbeTimeouts(now: NIODeadline) {
        guard !isBlockedByAmplification else { return }
        if let deadline = applicationProbeDeadline, deadline <= now {
            application.sent.dispense { frame in
                guard case .message(let id, _, _, _) = frame else { return false }
                return outgoing.pendingBytes(of: id) == nil
            }
        }
        let isInitialDue = initialProbeDeadline.map { $0 <= now } ?? false
        let isApplicationDue = applicationProbeDeadline.map { $0 <= now } ?? false
        if isInitialDue, let initial {
            recovery.probe(&initial.space, now: now, outcome: &outcome)
            // Both spaces share one timer, which this one has just set anew.
            sendDataAlong(now: now)
            flightRepetition.probeSent(
                recovery.probeTimer.firedCount, hasHeardPeer: recovery.rtt.hasSample, now: now)
        } else if isApplicationDue {
            recovery.probe(&application, now: now, outcome: &outcome)
        }
    }

    private func handlePathTimeout(now: NIODeadline) {
        switch path.handleTimeout(now: now) {
        case .nothing: return
        case .wentBack:
            recovery.pathChanged()
            restartMTU()
            counters.migrations.count(.returned)
            events.append(.remoteAddressChanged(path.remote, .returned))
        case .noAddressLeft: finish(.pathLost)
        }
    }

    private var initialProbeDeadline: NIODeadline? {
        guard let initial else { return nil }
        // A client goes on asking even with nothing in flight: the server may be waiting for permission to send more (RFC 9002
        // §6.2.2.1).
        let fallback = role == .client ? idle.lastHeard : nil
        let maximum =
            recovery.rtt.hasSample
            ? ProbeTimer.maximumHandshakeInterval
            : hasHeardPeer ? ProbeTimer.maximumInterval : configuration.firstFlightInterval
        return recovery.handshakeProbeDeadline(initial.space.sent, maximum: maximum, fallback: fallback)
    }

    private var applicationProbeDeadline: NIODeadline? {
        guard application.keys != nil, state == .established, knockDeadline == nil else { return nil }
        return recovery.probeDeadline(application.sent)
    }
}
