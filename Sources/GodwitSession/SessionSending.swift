import DequeModule
import GodwitWire
import NIOCore

/// From messages to envelopes.
extension Session {
    /// Takes a message for delivery, with or without a carrier, and returns its identity. Bounded: the caller slows down
    /// or gives up when it throws.
    @discardableResult
    package func send(_ message: OutgoingMessage, now: NIODeadline) throws(SessionSendError) -> LocalID {
        let size = message.body.readableBytes
        guard phase != .closed else { throw .closed }
        let limit = min(configuration.maximumBodyBytes, Envelope.maximumBytes - Self.maximumOverhead)
        guard size <= limit else { throw .tooLarge(bytes: size, limit: limit) }
        // A quarter of the room is for what is not media.
        let quarters = message.urgency == .media ? 3 : 4
        guard outgoing.count < configuration.maximumUnacknowledgedMessages * quarters / 4 else {
            throw .queueFull(messages: outgoing.count)
        }
        guard outgoing.bytes + size <= configuration.maximumUnacknowledgedBytes * quarters / 4 else {
            throw .queueBytesFull(bytes: outgoing.bytes)
        }
        if case .response(let request, _) = message.kind {
            guard request.rawValue > inboundBase, request.rawValue <= inboundBase + inbound.highest else {
                throw .requestGone(request)
            }
        }
        lastOutgoingID += 1
        let id = LocalID(rawValue: lastOutgoingID)
        outgoing.append(message, id: id)
        return id
    }

    /// Sends nothing more of a message and waits for no response to it. No event names it any more; whether the peer has it already is
    /// not known. A message that is not under way leaves no trace; of one that is, the peer is told that nothing will come.
    package func cancel(_ id: LocalID) {
        unanswered.forget(id)
        guard let message = outgoing.giveUp(id) else { return }
        if let carried = message.carried { givenUp.append(carried) }
        statistics.messagesCancelled += 1
    }

    func giveUpLate(now: NIODeadline) {
        while let (id, message) = outgoing.giveUpLate(now: now) {
            if let carried = message.carried { givenUp.append(carried) }
            unanswered.forget(id)
            statistics.messagesLate += 1
            events.append(.abandoned(id, .late))
        }
    }

    /// What the carrier of the moment calls a message that it need not deliver any more; nil = nothing more. Carriers that keep order
    /// need not ask.
    package func pollGivenUp() -> UInt64? { givenUp.popFirst() }

    /// Asks the peer for a sign of life; `.pong` answers. One at a time: a newer one replaces an older one.
    package func ping(now: NIODeadline) { isPingWanted = phase == .open }

    /// The next envelope for a carrier that keeps order, or whose order nobody minds; nil = nothing now.
    package func pollTransmit(now: NIODeadline) -> ByteBuffer? { pollEnvelope(now: now)?.bytes }

    /// The next envelope for the carrier; nil = nothing now.
    ///
    /// - Parameter urgency: the least urgent messages that the carrier has room for.
    package func pollEnvelope(downTo urgency: Urgency = .media, now: NIODeadline) -> SessionEnvelope? {
        if let envelope = control.popFirst() { return SessionEnvelope(encoded(envelope)) }
        guard phase == .open else { return nil }
        if let number = pendingPong {
            pendingPong = nil
            return SessionEnvelope(encoded(.pong(number)))
        }
        if isPingWanted {
            isPingWanted = false
            pingNumber &+= 1
            pingSent = (pingNumber, now)
            return SessionEnvelope(encoded(.ping(pingNumber)))
        }
        if let transmission = outgoing.next(.downTo(urgency)) {
            if transmission.isRepeated {
                statistics.messagesSentAgain += 1
            } else if transmission.body != nil {
                statistics.messagesSent += 1
                if transmission.kind.isRequest { awaitResponse(to: transmission) }
            }
            return SessionEnvelope(
                encoded(.data(dataEnvelope(transmission))), urgency: transmission.urgency,
                deadline: transmission.deadline, sequence: transmission.sequence)
        }
        guard acknowledgements.isDue else { return nil }
        acknowledgements.told()
        statistics.loneAcknowledgements += 1
        return SessionEnvelope(encoded(.acknowledgement(SequenceNumber.low(inbound.cumulative))))
    }

    /// What the carrier that took an envelope calls it, for `pollGivenUp`.
    package func carrierTook(_ envelope: SessionEnvelope, as name: UInt64) {
        if let sequence = envelope.sequence { outgoing.carried(sequence, as: name) }
    }

    /// A request has its number now, which its response will name.
    func awaitResponse(to request: OutgoingQueue.Transmission) {
        let limit = max(1, configuration.maximumUnansweredRequests)
        guard request.isAwaited,
            let evicted = unanswered.insert(sequence: request.sequence, id: request.id, limit: limit)
        else {
            return
        }
        outgoing.stopAwaiting(evicted)
        events.append(.abandoned(evicted, .tooManyUnanswered))
    }

    private func encoded(_ envelope: Envelope) -> ByteBuffer {
        var buffer = ByteBuffer()
        if case .data(let data) = envelope {
            buffer.reserveCapacity(data.body.readableBytes + Self.maximumOverhead)
        }
        envelope.encode(into: &buffer)
        return buffer
    }

    func dataEnvelope(_ message: OutgoingQueue.Transmission) -> DataEnvelope {
        guard let body = message.body else {
            // Always: the carrier may have given up the message's own envelope, and with it an acknowledgement that counts as told.
            acknowledgements.told()
            return DataEnvelope(
                kind: .withdrawn, sequence: SequenceNumber.low(message.sequence),
                acknowledgement: SequenceNumber.low(inbound.cumulative), after: message.after, body: ByteBuffer())
        }
        let kind: DataEnvelope.Kind
        var acknowledgement = acknowledgements.isOwed ? SequenceNumber.low(inbound.cumulative) : nil
        switch message.kind {
        case .request(let command): kind = .request(command: command)
        case .push(let command): kind = .push(command: command)
        case .response(let request, let status):
            // `send` let it in and `renumber` drops responses: the request has a number in this numbering.
            let sequence = Int64(request.rawValue) - Int64(inboundBase)
            kind = .response(distance: Int64(inbound.cumulative) - sequence, status: status)
            acknowledgement = SequenceNumber.low(inbound.cumulative)
        }
        if acknowledgement != nil { acknowledgements.told() }
        var envelope = DataEnvelope(
            kind: kind, sequence: SequenceNumber.low(message.sequence), acknowledgement: acknowledgement,
            after: message.after, body: body)
        if message.compressible, let smaller = compressor.compress(body, dictionary: dictionary) {
            envelope.dictionary = dictionary
            envelope.body = smaller
            statistics.bytesBeforeCompression += body.readableBytes
            statistics.bytesAfterCompression += smaller.readableBytes
        }
        return envelope
    }
}

/// An envelope for the carrier, and how soon it wants to arrive.
package struct SessionEnvelope: Hashable, Sendable {
    package let bytes: ByteBuffer
    package let urgency: Urgency
    /// After that the carrier need not deliver it.
    package let deadline: NIODeadline
    let sequence: UInt64?

    package init(_ bytes: ByteBuffer) { self.init(bytes, urgency: .control) }

    init(
        _ bytes: ByteBuffer, urgency: Urgency, deadline: NIODeadline = .distantFuture, sequence: UInt64? = nil
    ) {
        self.bytes = bytes
        self.urgency = urgency
        self.deadline = deadline
        self.sequence = sequence
    }
}
