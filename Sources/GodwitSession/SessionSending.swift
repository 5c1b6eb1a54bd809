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
        guard outgoing.count < configuration.maximumUnacknowledgedMessages else {
            throw .queueFull(messages: outgoing.count)
        }
        guard outgoing.bytes + size <= configuration.maximumUnacknowledgedBytes else {
            throw .queueBytesFull(bytes: outgoing.bytes)
        }
        if case .response(let request, _) = message.kind {
            guard request.rawValue > inboundBase, request.rawValue <= inboundBase + inbound.highest else {
                throw .requestGone(request)
            }
        }
        lastOutgoingID += 1
        let id = LocalID(rawValue: lastOutgoingID)
        let sequence = outgoing.append(message, id: id)
        if message.kind.isRequest, let evicted = unanswered.insert(sequence: sequence, id: id) {
            events.append(.abandoned(evicted, .tooManyUnanswered))
        }
        return id
    }

    /// The application no longer waits for the response to `request`; a late one is dropped.
    package func forget(_ request: LocalID) { unanswered.forget(request) }

    /// Asks the peer for a sign of life; `.pong` answers. One at a time: a newer one replaces an older one.
    package func ping(now: NIODeadline) { isPingWanted = phase == .open }

    /// The next envelope for the carrier; nil = nothing now.
    package func pollTransmit(now: NIODeadline) -> ByteBuffer? {
        if let envelope = control.popFirst() { return encoded(envelope) }
        guard phase == .open else { return nil }
        if let number = pendingPong {
            pendingPong = nil
            return encoded(.pong(number))
        }
        if isPingWanted {
            isPingWanted = false
            pingNumber &+= 1
            pingSent = (pingNumber, now)
            return encoded(.ping(pingNumber))
        }
        let lastSentBefore = outgoing.lastSent
        if let transmission = outgoing.next() {
            if transmission.sequence <= lastSentBefore {
                statistics.messagesSentAgain += 1
            } else {
                statistics.messagesSent += 1
            }
            return encoded(.data(dataEnvelope(transmission)))
        }
        guard acknowledgements.isDue else { return nil }
        acknowledgements.told()
        statistics.loneAcknowledgements += 1
        return encoded(.acknowledgement(SequenceNumber.low(inbound.cumulative)))
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
            after: message.after, body: message.body)
        if message.compressible, let smaller = compressor.compress(message.body, dictionary: dictionary) {
            envelope.dictionary = dictionary
            envelope.body = smaller
            statistics.bytesBeforeCompression += message.body.readableBytes
            statistics.bytesAfterCompression += smaller.readableBytes
        }
        return envelope
    }
}
