import GodwitWire
import NIOCore

/// From envelopes to messages.
extension Session {
    /// Takes one envelope from the carrier. After an error the owner closes the carrier with the error's code; the session
    /// itself stays usable on another carrier.
    package func receive(_ bytes: ByteBuffer, now: NIODeadline) throws(SessionError) {
        guard phase != .closed, phase != .detached else { return }
        let envelope: Envelope
        do { envelope = try Envelope(decoding: bytes) } catch { throw .envelope(error) }
        switch envelope {
        case .opened(let opened): try receiveOpened(opened, now: now)
        case .rejected(let rejected): try receiveRejected(rejected)
        case .open(let open):
            // The same OPEN again on its own carrier is harmless; any other has no business here.
            guard role == .server, open.incarnation == incarnation, open.attempt == attempt else {
                throw .unexpected(envelope: "OPEN")
            }
        case .ignored: break
        case .datagram(let datagram): if phase == .open { receiveDatagram(datagram) }
        case .data, .acknowledgement, .ping, .pong, .close:
            if phase == .opening {
                try early.append(envelope, bytes: bytes.readableBytes)
            } else {
                try receiveOpen(envelope, now: now)
            }
        }
    }

    /// An envelope of an open session.
    func receiveOpen(_ envelope: Envelope, now: NIODeadline) throws(SessionError) {
        isConfirmed = true
        switch envelope {
        case .data(let data): try receiveData(data, now: now)
        case .acknowledgement(let low): try acknowledge(expandAcknowledgement(low))
        case .ping(let number): pendingPong = number
        case .pong(let number):
            guard let sent = pingSent, sent.number == number else { return }
            pingSent = nil
            events.append(.pong(roundTrip: now - sent.at))
        case .close(let close): receiveClose(close)
        case .open, .opened, .rejected, .ignored, .datagram: break
        }
    }

    /// The client's messages that came with OPEN. They confirm nothing: OPEN may be a copy.
    func receiveEarly(_ messages: [DataEnvelope], now: NIODeadline) throws(SessionError) {
        for message in messages { try receiveData(message, isEarly: true, now: now) }
    }

    private func receiveData(
        _ data: DataEnvelope, isEarly: Bool = false, now: NIODeadline
    ) throws(SessionError) {
        let sequence = SequenceNumber.expand(data.sequence, near: inbound.cumulative + 1)
        var acknowledged: UInt64 = 0
        if let low = data.acknowledgement {
            acknowledged = expandAcknowledgement(low)
            try acknowledge(acknowledged)
        }
        guard try inbound.isNew(sequence) else {
            statistics.duplicatesDropped += 1
            acknowledgements.received(bytes: 0, now: now, configuration)
            return
        }
        let body = try inflate(data)
        let message = InboundOrder.Message(
            sequence: sequence, kind: try resolve(data.kind, acknowledged: acknowledged), body: body,
            isCompressed: data.dictionary != 0, isEarly: isEarly)
        if inbound.acceptNext(sequence, after: data.after) {
            deliver(message)
        } else {
            var deliverable: [InboundOrder.Message] = []
            try inbound.accept(message, after: data.after, deliverable: &deliverable)
            for message in deliverable { deliver(message) }
        }
        if case .withdrawn = message.kind {
            statistics.messagesWithdrawnByPeer += 1
        } else {
            statistics.messagesReceived += 1
        }
        acknowledgements.received(bytes: body.readableBytes, now: now, configuration)
    }

    private func inflate(_ data: DataEnvelope) throws(SessionError) -> ByteBuffer {
        guard data.dictionary != 0 else { return data.body }
        do {
            return try compressor.decompress(data.body, dictionary: data.dictionary, limit: Envelope.maximumBytes)
        } catch { throw .compression(error) }
    }

    /// The kind with the request's full number.
    private func resolve(
        _ kind: DataEnvelope.Kind, acknowledged: UInt64
    ) throws(SessionError) -> InboundOrder.Message.Kind {
        switch kind {
        case .request(let command): return .request(command: command)
        case .push(let command): return .push(command: command)
        case .withdrawn: return .withdrawn
        case .response(let distance, let status):
            // |distance| < 2^61 by its encoding and the acknowledgement is below 2^62: no overflow.
            let request = Int64(acknowledged) - distance
            guard request >= 1, request <= Int64(outgoing.lastSent) else {
                throw .responseToUnsent(request: UInt64(clamping: request), lastSent: outgoing.lastSent)
            }
            return .response(to: UInt64(request), status: status)
        }
    }

    private func deliver(_ message: InboundOrder.Message) {
        let kind: MessageKind
        switch message.kind {
        case .request(let command): kind = .request(command: command)
        case .push(let command): kind = .push(command: command)
        case .withdrawn: return
        case .response(let request, let status):
            if let arrived = outgoing.answered(request) { events.append(.acknowledged(arrived)) }
            guard let id = unanswered.answer(sequence: request) else {
                statistics.unmatchedResponses += 1
                return
            }
            kind = .response(to: id, status: status)
        }
        let id = LocalID(rawValue: inboundBase + message.sequence)
        events.append(
            .message(
                IncomingMessage(
                    id: id, kind: kind, body: message.body, isCompressed: message.isCompressed,
                    isEarly: message.isEarly)))
    }

    private func expandAcknowledgement(_ low: UInt16) -> UInt64 {
        SequenceNumber.expand(low, near: outgoing.acknowledged)
    }

    /// An acknowledgement below the present one was overtaken by it.
    private func acknowledge(_ sequence: UInt64) throws(SessionError) {
        guard sequence > outgoing.acknowledged else { return }
        try outgoing.acknowledge(upTo: sequence) { events.append(.acknowledged($0)) }
    }

    private func receiveClose(_ close: CloseEnvelope) {
        ticket = nil
        phase = .closed
        dropCarrierState()
        events.append(.closed(code: close.code, text: close.text))
    }
}
