import GodwitWire
import NIOCore

/// How an end gets onto a carrier.
extension Session {
    /// Bodies that go with OPEN at most: more would not fit the first two datagrams, and OPEN means nothing until it is complete.
    private static let earlyBytes = 1_024

    /// Client: there is a fresh carrier. OPEN is the first thing that `pollTransmit` gives, with the messages that may go early; the
    /// others follow OPENED.
    package func carrierAttached(now: NIODeadline) {
        guard role == .client, phase != .closed else { return }
        dropCarrierState()
        attachment += 1
        detachedSince = nil
        attempt += 1
        phase = .opening
        let early = earlyMessages()
        control.append(
            .open(
                OpenEnvelope(
                    incarnation: incarnation, attempt: attempt, newestDictionary: UInt64(CompressionDictionary.newest),
                    resumption: ticket.map { OpenEnvelope.Resumption(ticket: $0, received: inbound.ackState) },
                    early: early)))
    }

    /// Numbering is fresh until this process has had the session once. One that goes on needs a session to go on in.
    private func earlyMessages() -> OpenEnvelope.Early? {
        guard !hasOpened || ticket != nil else { return nil }
        let messages = outgoing.nextEarly(
            isFresh: !hasOpened, maximumBytes: Self.earlyBytes, maximumCount: OpenEnvelope.Early.maximumCount)
        guard !messages.isEmpty else { return nil }
        statistics.messagesSent += messages.count
        for message in messages where message.kind.isRequest && !message.isRepeated { awaitResponse(to: message) }
        return OpenEnvelope.Early(isFresh: !hasOpened, messages: messages.map { dataEnvelope($0) })
    }

    /// Client: the server's answer.
    func receiveOpened(_ opened: OpenedEnvelope, now: NIODeadline) throws(SessionError) {
        guard role == .client else { throw .unexpected(envelope: "OPENED") }
        // Again on the same carrier: known already.
        guard phase == .opening else { return }
        let resumption: Resumption
        switch opened.outcome {
        case .new(let newTicket):
            try beginNumbering(earlyReceived: opened.earlyReceived)
            ticket = newTicket
            resumption = .new
        case .restarted:
            guard ticket != nil else { throw .unexpected(envelope: "OPENED") }
            try beginNumbering(earlyReceived: opened.earlyReceived)
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

    /// Server: takes a carrier whose OPEN belongs to this session. When it throws, the session has no carrier.
    func attach(_ open: OpenEnvelope, now: NIODeadline) throws(SessionError) -> Resumption {
        let resumption: Resumption
        if !hasOpened {
            hasOpened = true
            incarnation = open.incarnation
            resumption = .new
        } else if open.incarnation == incarnation {
            guard open.attempt > attempt else { throw .staleOpen(attempt: open.attempt, newest: attempt) }
            try resumeOutgoing(open.resumption?.received ?? AckState())
            resumption = .resumed
            isConfirmed = true
        } else {
            restartNumbering()
            incarnation = open.incarnation
            resumption = .restarted
            isConfirmed = true
        }
        attempt = open.attempt
        dropCarrierState()
        attachment += 1
        detachedSince = nil
        phase = .open
        agreeOnDictionary(open.newestDictionary)
        let received = try takeEarly(open.early, resumption, now: now)
        control.append(
            .opened(
                OpenedEnvelope(
                    outcome: outcome(of: resumption), newestDictionary: UInt64(CompressionDictionary.newest),
                    earlyReceived: received)))
        return resumption
    }

    private func outcome(of resumption: Resumption) -> OpenedEnvelope.Outcome {
        switch resumption {
        case .new: ticket.map { .new($0) } ?? .restarted
        case .resumed: .resumed(received: inbound.ackState)
        case .restarted: .restarted
        }
    }

    /// Takes the messages that came with OPEN, if their numbers mean here what they mean to the client.
    ///
    /// - Returns: how many of a numbering that begins have arrived.
    private func takeEarly(
        _ early: OpenEnvelope.Early?, _ resumption: Resumption, now: NIODeadline
    ) throws(SessionError) -> UInt64 {
        guard let early, early.isFresh || resumption == .resumed else { return 0 }
        do {
            try receiveEarly(early.messages, now: now)
        } catch {
            carrierDetached(now: now)
            throw error
        }
        return resumption == .resumed ? 0 : inbound.cumulative
    }

    private func agreeOnDictionary(_ peers: UInt64) {
        dictionary = UInt8(min(peers, UInt64(CompressionDictionary.newest)))
    }

    private func resumeOutgoing(_ received: AckState) throws(SessionError) {
        for id in try outgoing.resume(received: received) { events.append(.acknowledged(id)) }
    }

    /// Client: the numbering begins, or has begun with the messages that went with OPEN.
    private func beginNumbering(earlyReceived: UInt64) throws(SessionError) {
        guard !hasOpened else { return restartNumbering() }
        try resumeOutgoing(AckState(cumulative: earlyReceived))
    }

    /// Both directions count from 1 again. Identities never repeat, so late answers to the old numbering are recognised.
    private func restartNumbering() {
        inboundBase += inbound.highest
        inbound = InboundOrder()
        for id in unanswered.renumber(kept: outgoing.renumber()) { events.append(.abandoned(id, .sessionReplaced)) }
    }
}
