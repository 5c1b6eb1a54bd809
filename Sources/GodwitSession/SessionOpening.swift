import GodwitWire
import NIOCore

/// How an end gets onto a carrier.
extension Session {
    /// Client: there is a fresh carrier. OPEN is the first thing that `pollTransmit` gives; messages follow OPENED.
    package func carrierAttached(now: NIODeadline) {
        guard role == .client, phase != .closed else { return }
        dropCarrierState()
        attachment += 1
        detachedSince = nil
        attempt += 1
        phase = .opening
        control.append(
            .open(
                OpenEnvelope(
                    incarnation: incarnation, attempt: attempt, newestDictionary: UInt64(CompressionDictionary.newest),
                    resumption: ticket.map { OpenEnvelope.Resumption(ticket: $0, received: inbound.ackState) })))
    }

    /// Client: the server's answer.
    func receiveOpened(_ opened: OpenedEnvelope, now: NIODeadline) throws(SessionError) {
        guard role == .client else { throw .unexpected(envelope: "OPENED") }
        // Again on the same carrier: known already.
        guard phase == .opening else { return }
        let resumption: Resumption
        switch opened.outcome {
        case .new(let newTicket):
            ticket = newTicket
            restartNumbering()
            resumption = .new
        case .restarted:
            guard ticket != nil else { throw .unexpected(envelope: "OPENED") }
            restartNumbering()
            resumption = .restarted
        case .resumed(let received):
            guard ticket != nil else { throw .unexpected(envelope: "OPENED") }
            do {
                try resumeOutgoing(received)
            } catch {
                // The two ends will never agree on this numbering: ask for a new session next time.
                ticket = nil
                throw error
            }
            // The answer to this process's first OPEN may have been lost: to its application it is a restart all the same.
            resumption = hasOpened ? .resumed : .restarted
        }
        hasOpened = true
        agreeOnDictionary(opened.newestDictionary)
        phase = .open
        if let ticket { events.append(.opened(resumption, ticket: ticket)) }
        while let envelope = early.popFirst() { try receiveOpen(envelope, now: now) }
    }

    func receiveRejected(_ rejected: RejectedEnvelope) throws(SessionError) {
        guard role == .client, phase == .opening else { throw .unexpected(envelope: "REJECTED") }
        // The server could make nothing of our state: the next OPEN asks for a new session.
        if rejected.reason == .malformed { ticket = nil }
        let milliseconds = Int64(min(rejected.retryAfterMilliseconds, 86_400_000))
        events.append(
            .rejected(rejected.reason, retryAfter: .milliseconds(milliseconds), text: rejected.text))
    }

    /// Server: takes a carrier whose OPEN belongs to this session. When it throws, nothing has changed.
    func attach(_ open: OpenEnvelope) throws(SessionError) -> Resumption {
        let resumption: Resumption
        let outcome: OpenedEnvelope.Outcome
        if !hasOpened, let ticket {
            hasOpened = true
            incarnation = open.incarnation
            resumption = .new
            outcome = .new(ticket)
        } else if open.incarnation == incarnation {
            guard open.attempt > attempt else { throw .staleOpen(attempt: open.attempt, newest: attempt) }
            try resumeOutgoing(open.resumption?.received ?? AckState())
            resumption = .resumed
            outcome = .resumed(received: inbound.ackState)
            isConfirmed = true
        } else {
            restartNumbering()
            incarnation = open.incarnation
            resumption = .restarted
            outcome = .restarted
            isConfirmed = true
        }
        attempt = open.attempt
        dropCarrierState()
        attachment += 1
        detachedSince = nil
        phase = .open
        agreeOnDictionary(open.newestDictionary)
        control.append(
            .opened(OpenedEnvelope(outcome: outcome, newestDictionary: UInt64(CompressionDictionary.newest))))
        return resumption
    }

    private func agreeOnDictionary(_ peers: UInt64) {
        dictionary = UInt8(min(peers, UInt64(CompressionDictionary.newest)))
    }

    private func resumeOutgoing(_ received: AckState) throws(SessionError) {
        for id in try outgoing.resume(received: received) { events.append(.acknowledged(id)) }
    }

    /// Both directions count from 1 again. Identities never repeat, so late answers to the old numbering are recognised.
    private func restartNumbering() {
        inboundBase += inbound.highest
        inbound = InboundOrder()
        for id in unanswered.renumber(kept: outgoing.renumber()) { events.append(.abandoned(id, .sessionReplaced)) }
    }
}
