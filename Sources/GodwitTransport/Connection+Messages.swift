import GodwitWire
import NIOCore

/// Messages: given by the owner, given up, repeated.
extension Connection {
    /// Queues a whole message, also before the handshake is complete.
    ///
    /// - Parameters:
    ///   - urgency: the more urgent overtake the less urgent, also those that are half sent.
    ///   - deadline: the message is given up if it has not arrived by then.
    /// - Returns: the message's name, which its end will bear: `messageAcknowledged` or `messageLate`, or that `giveUp` was told so.
    package func send(
        _ message: ByteBuffer, urgency: Urgency = .text, deadline: NIODeadline = .distantFuture, now: NIODeadline
    ) throws(SendError) -> UInt64 {
        switch state {
        case .handshaking, .established: break
        case .closing, .draining, .closed: throw .closed
        }
        let id = try outgoing.enqueue(message, urgency: urgency, deadline: deadline)
        counters.messagesSent += 1
        return id
    }

    /// Sends nothing more of a message. The peer forgets what it has of it, unless that is all.
    ///
    /// - Returns: false when it has arrived, or was late; no event will follow for it otherwise.
    @discardableResult
    package func giveUp(_ message: UInt64) -> Bool {
        guard state == .handshaking || state == .established, let end = outgoing.giveUp(message, .cancelled) else {
            return false
        }
        counters.messagesCancelled += 1
        if let number = end.number { forgetRedundancy(of: number) }
        return true
    }

    /// Gives up what has become late.
    func giveUpLate(now: NIODeadline) {
        while let end = outgoing.giveUpLate(now: now) {
            counters.messagesLate += 1
            events.append(.messageLate(end.id))
            if let number = end.number { forgetRedundancy(of: number) }
        }
    }

    /// Bytes that `send` would still take at an urgency: the less urgent leave room for the others.
    package func sendCapacityBytes(for urgency: Urgency = .control) -> Int { outgoing.capacityBytes(for: urgency) }

    /// The least urgent class that there is room for now; nil = none.
    ///
    /// - Parameter bytes: what the largest message may need.
    package func leastUrgentWithRoom(for bytes: Int) -> Urgency? {
        Urgency.allCases.last { outgoing.capacityBytes(for: $0) >= bytes }
    }

    /// The peer may send more, since messages were taken.
    func raiseWindows(now: NIODeadline) {
        if incoming.raiseMaxData(roundTrip: recovery.rtt.smoothed, now: now) { control.maxData = true }
        if incoming.raiseMaxMessages() { control.maxMessages = true }
    }

    /// Whether the peer's limits let any message be sent.
    var hasSendable: Bool { outgoing.hasSendable }

    // MARK: Redundancy

    /// The message needs no copies and no repair any more.
    func forgetRedundancy(of number: UInt64) {
        repetitions.forget(number)
        repairs.forget(number)
    }

    /// A message of one packet was first sent: copies follow if the path is known to lose packets.
    func repeatFirst(_ number: UInt64, now: NIODeadline) {
        repetitions.sentMessage(bytes: outgoing.pendingBytes(of: number) ?? 0)
        plan(number, copies: RedundancyPolicy.firstCopies(recovery.loss), now: now)
    }

    func repeatAfterLoss(_ number: UInt64, now: NIODeadline) {
        guard outgoing.pendingBytes(of: number) != nil else { return }
        let history = repetitions.beginRound(number)
        guard recovery.probeTimer.firedCount <= RedundancyPolicy.roundsBeforeSilence else { return }
        plan(
            number,
            copies: RedundancyPolicy.probeCopies(recovery.loss, sent: history.sent, round: history.rounds + 1), now: now
        )
    }

    private func plan(_ number: UInt64, copies: Int, now: NIODeadline) {
        guard copies > 0, let bytes = outgoing.pendingBytes(of: number),
            bytes <= configuration.maximumDatagramBytes / 2
        else { return }
        repetitions.plan(number, copies: copies, gap: RedundancyPolicy.gap(recovery.loss), now: now)
    }
}
