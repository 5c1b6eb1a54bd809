import GodwitTLS
import GodwitWire
import NIOCore

/// Keeping the translators' bindings, with as few packets as that takes. The client tells the server after how much silence it wants to
/// be asked. So what is tested is what matters: whether a packet that the server sends of its own accord still arrives. A question
/// of the client would open a new binding and succeed whatever had happened to the old one.
extension Connection {
    /// What the server takes of a client's wish, in seconds.
    static let keepAliveSeconds: ClosedRange<UInt64> = 10...3600

    /// The server's question may be lost and asked again: four times before it is missed.
    private static let patienceProbes: Int64 = 4
    private static let patienceMinimum = TimeAmount.seconds(1)

    /// Until so much silence nothing is agreed on: a connection that is busy needs no questions.
    private static let firstSilence = TimeAmount.seconds(5)

    /// A question of the client that took more probes than this met a path that was gone.
    private static let probesOfSoundPath = 3

    /// Two ends' timers never agree to the last bit, and packets that were lost on the way have counted for one of them only.
    private static func nearly(_ silence: TimeAmount) -> TimeAmount { .nanoseconds(silence.nanoseconds / 10 * 9) }

    /// Client: never more silence than this, nil for as much as the network allows. Who looks at the screen wants to know of a dead
    /// path sooner.
    package func limitSilence(to limit: TimeAmount?) {
        guard limit != silenceLimit else { return }
        silenceLimit = limit
        agreeOnSilence()
    }

    /// Client: the silence to ask for, as far as it is known.
    private var wantedSilence: TimeAmount? {
        guard let keepAlive else { return nil }
        let learned = TimeAmount.seconds(keepAlive.seconds)
        return silenceLimit.map { min($0, learned) } ?? learned
    }

    /// Client: tells the server when the silence wanted has changed.
    func agreeOnSilence() {
        guard idle.agreedSilence != nil, let wanted = wantedSilence, wanted != idle.agreedSilence else { return }
        idle.agreedSilence = wanted
        control.keepAlive = true
    }

    /// Server: the client's wish.
    func receiveKeepAlive(seconds: UInt64) throws(ProtocolError) {
        guard role == .server else { throw .frameNotAllowed(type: UInt64(Frame.Kind.keepAlive)) }
        let taken = min(max(seconds, Self.keepAliveSeconds.lowerBound), Self.keepAliveSeconds.upperBound)
        idle.agreedSilence = .seconds(Int64(taken))
    }

    /// Client: the value of the frame.
    var keepAliveFrameSeconds: UInt64 { UInt64(clamping: (idle.agreedSilence?.nanoseconds ?? 0) / 1_000_000_000) }

    /// When a question is due, the server's own or the one for a server that has not asked.
    var keepAliveDeadline: NIODeadline? {
        guard state == .established else { return nil }
        switch role {
        case .server: return application.pingDue ? nil : idle.questionDeadline
        case .client:
            guard keepAlive != nil, !control.keepAlive, idle.firstAsked == nil else { return nil }
            return idle.agreedSilence == nil
                ? idle.lastSaid + Self.firstSilence : idle.missingDeadline(grace: keepAliveGrace)
        }
    }

    private var keepAliveGrace: TimeAmount {
        max(Self.patienceMinimum, .nanoseconds(Self.patienceProbes * recovery.probeTimeout.nanoseconds))
    }

    func handleKeepAliveTimeout(now: NIODeadline) {
        guard let deadline = keepAliveDeadline, deadline <= now else { return }
        counters.keepAlivesSent += 1
        switch role {
        case .server: application.pingDue = true
        case .client:
            control.keepAlive = true
            if idle.agreedSilence == nil { idle.agreedSilence = wantedSilence } else { isServerMissing = true }
        }
    }

    /// Client: an authentic packet has come, after `idle` as it still is.
    func judgeBinding(now: NIODeadline) {
        guard let learned = keepAlive.map({ TimeAmount.seconds($0.seconds) }), let agreed = idle.agreedSilence else {
            return
        }
        if isServerMissing {
            isServerMissing = false
            // A path that was gone altogether says nothing about bindings.
            guard recovery.probeTimer.firedCount <= Self.probesOfSoundPath, !recovery.knocking.hasBegun else { return }
            counters.bindingsLost += 1
            keepAlive?.bindingLost()
            agreeOnSilence()
        } else if idle.firstAsked == nil, agreed >= learned, now - idle.lastSaid >= Self.nearly(learned) {
            keepAlive?.survived()
            agreeOnSilence()
        }
    }
}
