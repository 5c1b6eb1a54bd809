import GodwitTLS
import GodwitWire
import NIOCore

extension Connection {
    /// Early packets have the application's numbers.
    enum Space { case initial, early, application }

    /// An authentic packet that is new, its plaintext in the workspace: its frames take effect.
    func process(_ opened: PacketKeys.Opened, in space: Space, now: NIODeadline) {
        counters.packetsReceived += 1
        if space == .application { judgeBinding(now: now) }
        let lastHeard = idle.lastHeard
        // Before its acknowledgements tell of losses.
        if recovery.isSilent, recovery.isReturn(application.sent, lastHeard: lastHeard, now: now) {
            recovery.silenceEnded(now: now)
        }
        idle.heard(now: now)
        stayAwake(now: now)
        var isEliciting = false
        // Nothing is sent again for a datagram that was lost, so its acknowledgement may wait longer.
        var isOnlyDatagrams = true
        // A copy of what is here already, and acknowledged, can wait for the next acknowledgement.
        var isNews = false
        incomingDatagrams.begin(packet: opened.number)
        do throws(ProtocolError) {
            guard opened.reservedBits == 0 else { throw .reservedBits(opened.reservedBits) }
            var payload = workspace.plaintext
            guard payload.readableBytes > 0 else { throw .emptyPacket }
            while let frame = try nextFrame(&payload) {
                if frame.isAckEliciting {
                    isEliciting = true
                    if !frame.isUnreliable { isOnlyDatagrams = false }
                    if !incoming.has(frame) { isNews = true }
                }
                try apply(frame, in: space, now: now)
                guard state == .handshaking || state == .established else { return }
            }
        } catch {
            fail(error, now: now)
            return
        }
        switch space {
        case .initial:
            initial?.space.received.record(opened.number, isEliciting: isEliciting, delay: .nanoseconds(0), now: now)
        case .early, .application:
            application.received.record(
                opened.number, isEliciting: isEliciting,
                isNews: isNews || application.received.isAnswerOverdue(recovery.rtt, now: now), ecn: arrivingMark,
                delay: isOnlyDatagrams ? ReceivedPackets.datagramDelay : configuration.acknowledgementDelay, now: now)
            recovery.loss.backward = application.received.losses.loss
        }
        if handshake.isComplete, state == .handshaking { completeHandshake(now: now) }
        resumeAfterSilence(lastHeard: lastHeard, now: now)
    }

    private func nextFrame(_ payload: inout ByteBuffer) throws(ProtocolError) -> Frame? {
        do throws(WireError) {
            return try Frame.decode(from: &payload)
        } catch {
            throw .frame(error)
        }
    }

    private func apply(_ frame: Frame, in space: Space, now: NIODeadline) throws(ProtocolError) {
        if space == .early, !EarlyData.allows(frame) { throw .frameNotAllowed(type: UInt64(frame.kind)) }
        switch frame {
        case .padding, .ping, .extension: return
        case .lossReport(let report):
            if space == .application { recovery.loss.peerReported(report) }
        case .ack(let ack): try receive(ack, in: space, now: now)
        case .close(let close): drain(close, now: now)
        case .handshake(let frame):
            // Behind the handshake a server sends tickets.
            guard space == .initial || role == .client else {
                throw .frameNotAllowed(type: UInt64(Frame.Kind.handshake))
            }
            try receive(frame, now: now)
        default:
            guard space != .initial else { throw .frameNotAllowed(type: UInt64(frame.kind)) }
            try applyToApplication(frame, now: now)
        }
    }

    private func applyToApplication(_ frame: Frame, now: NIODeadline) throws(ProtocolError) {
        switch frame {
        case .message(let message):
            try incoming.receive(message)
            tellRecovered()
        case .repair(let frame):
            try incoming.receive(frame)
            tellRecovered()
        case .recovered(let frame): try receive(frame)
        case .datagram(let frame): receive(frame)
        case .datagramCopy(let frame): try receive(frame)
        case .resetMessage(let reset): if try incoming.receive(reset) { counters.messagesGivenUpByPeer += 1 }
        case .maxMessageData(let frame): try outgoing.raise(frame)
        case .maxData(let limit): outgoing.raise(maxData: limit)
        case .maxMessages(let limit): outgoing.raise(maxMessages: limit)
        case .newConnectionID(let frame): try receive(frame)
        case .retireConnectionID(let sequence): try receiveRetirement(of: sequence)
        case .pathChallenge(let token): control.pathResponse = token
        case .pathResponse(let token): path.receiveResponse(token)
        case .keepAlive(let seconds): try receiveKeepAlive(seconds: seconds)
        case .handshakeDone(let token):
            guard role == .client else { throw .frameNotAllowed(type: UInt64(Frame.Kind.handshakeDone)) }
            peerIDs?.confirm(token)
            confirmHandshake()
        case .padding, .ping, .extension, .lossReport, .ack, .close, .handshake: return
        }
    }

    private func receive(_ ack: AckFrame, in space: Space, now: NIODeadline) throws(ProtocolError) {
        switch space {
        case .initial:
            if let initial { try recovery.receive(ack, in: &initial.space, now: now, outcome: &outcome) }
        case .early, .application:
            try recovery.receive(ack, in: &application, now: now, outcome: &outcome)
            // Packets under the handshake's keys are processed, and so acknowledged, only after the handshake.
            if ack.largest >= early.endNumber { confirmHandshake() }
            if !keyPhase.isConfirmed || keyPhase.isReadingPrevious {
                try keyPhase.acknowledged(upTo: ack.largest, patience: previousKeysLifetime, now: now)
            }
        }
        applyOutcome(now: now)
    }

    /// Passes on what an acknowledgement, a loss or a probe means for the frames that packets carried.
    ///
    /// - Parameter isLoss: what is to be sent again was lost or is late; copies of it may follow.
    func applyOutcome(now: NIODeadline, isLoss: Bool = true) {
        for frame in outcome.arrived {
            switch frame {
            case .message(let number, let offset, let count, let isCopy):
                messageArrived(number, offset: offset, count: count, isCopy: isCopy)
            case .handshake(let offset, let count): handshake.stream.acknowledge(offset: offset, count: count)
            case .retireConnectionID: peerIDs?.retirementArrived()
            case .resetMessage(let number): outgoing.resetArrived(number)
            case .mtuProbe(let bytes): mtu.probeArrived(bytes: bytes)
            case .handshakeDone, .maxData, .maxMessages, .maxMessageData: break
            case .keepAlive, .newConnectionID, .datagram, .repair, .recovered: break
            }
        }
        for frame in outcome.sendAgain {
            switch frame {
            case .message(_, _, _, isCopy: true), .datagram: break
            case .message(let number, let offset, let count, isCopy: false):
                outgoing.sendAgain(number, offset: offset, count: count)
                if isLoss { repeatAfterLoss(number, now: now) }
            case .resetMessage(let number): outgoing.resetLost(number)
            case .maxMessageData(let number): incoming.permitLost(number)
            case .handshake(let offset, let count): handshake.stream.sendAgain(offset: offset, count: count)
            case .handshakeDone: control.handshakeDone = true
            case .maxData: control.maxData = true
            case .maxMessages: control.maxMessages = true
            case .newConnectionID(let sequence): localIDs?.announceAgain(sequence)
            case .retireConnectionID(let sequence): peerIDs?.retireAgain(sequence)
            case .keepAlive: control.keepAlive = true
            case .mtuProbe(let bytes): mtu.probeLost(bytes: bytes)
            case .repair(let number): repairs.lost(of: number)
            case .recovered(let number): control.tell(recovered: number)
            }
        }
        outcome.clear()
        checkForBlackHole(now: now)
        if role == .server, !hasInitialSpace { handshake.releaseStream() }
    }

    func messageArrived(_ number: UInt64, offset: Int, count: Int, isCopy: Bool) {
        guard let id = outgoing.acknowledge(number, offset: offset, count: count) else { return }
        events.append(.messageAcknowledged(id))
        forgetRedundancy(of: number)
        if isCopy { counters.messagesSavedByCopies += 1 }
    }

    // MARK: Handshake

    private func receive(_ frame: HandshakeFrame, now: NIODeadline) throws(ProtocolError) {
        guard try handshake.stream.receive(frame) else {
            repeatFlight(now: now)
            return
        }
        do throws(TLSError) {
            try handshake.advance(now: now)
            try installApplicationKeys()
            try beginEarlyData()
            if let ticket = try handshake.takeTicket() { events.append(.ticket(ticket)) }
        } catch {
            fail(error, now: now)
        }
    }

    /// The peer repeats itself, so our answer may be lost. The first time it may do so on purpose, on a path that it knows to lose
    /// packets; later at most once in an assumed round trip.
    private func repeatFlight(now: NIODeadline) {
        guard let sent = handshakeSent, hasInitialSpace else { return }
        guard flightRepetition.takeTurn() || now - sent >= configuration.initialRTT else { return }
        sendFlightAgain(now: now)
    }

    /// Our part of the handshake, and the data that go with it.
    func sendFlightAgain(now: NIODeadline) {
        handshake.stream.sendAllAgain()
        sendDataAlong(now: now)
    }

    /// A datagram of the handshake brings along what else the peer needs: early data, which has a limit of its own, or as much as fits of
    /// what waits for the Finished.
    func sendDataAlong(now: NIODeadline) {
        guard application.sent.oldestOutstanding != nil else { return }
        // What was lost besides is lost, and may have copies.
        applyOutcome(now: now)
        let limit = state == .handshaking ? .max : configuration.maximumDatagramBytes
        recovery.sendAlong(&application, upTo: limit, outcome: &outcome)
        applyOutcome(now: now, isLoss: false)
    }

    /// Client: a ticket gives keys at once. Server: so does a ClientHello whose early data it accepts.
    func beginEarlyData() throws(TLSError) {
        guard state == .handshaking, !handshake.isComplete, early.outcome == .none,
            let secret = handshake.earlySecret(clientChosenID: clientChosenID)
        else { return }
        try early.begin(role: role, secret: secret)
    }

    private func installApplicationKeys() throws(TLSError) {
        guard application.keys == nil else { return }
        let serverIssued = role == .client ? peerID : localID
        let binding = Handshake.binding(clientChosenID: clientChosenID, serverIssuedID: serverIssued)
        guard let secrets = try handshake.packetSecrets(binding: binding) else { return }
        application.keys = try PacketKeys(
            role: role, client: secrets.client, server: secrets.server, isUpdatable: true)
    }

    private func completeHandshake(now: NIODeadline) {
        state = .established
        // What a client sent before was protected by early keys.
        if role == .client { keyPhase.start(firstSent: application.sent.nextNumber) }
        if early.end(isAccepted: handshake.isEarlyDataAccepted, nextNumber: application.sent.nextNumber) {
            recovery.giveUp(&application, sentBefore: now, now: now, outcome: &outcome)
            applyOutcome(now: now)
        }
        if role == .server {
            handshake.releaseEngine()
            handshake.acknowledgeFlight()
        }
        events.append(.established)
        if role == .server {
            path.amplification.validate()
            // The client's Finished acknowledges our flight, and HANDSHAKE_DONE the client's.
            dropInitialSpace()
            recovery.resetProbes()
            control.handshakeDone = true
        }
        processWaiting(now: now)
    }

    /// Client: the server has our Finished.
    private func confirmHandshake() {
        if role == .client { dropInitialSpace() }
    }

    private func resumeAfterSilence(lastHeard: NIODeadline, now: NIODeadline) {
        guard state == .handshaking || state == .established else { return }
        if let initial, recovery.isReturn(initial.space.sent, lastHeard: lastHeard, now: now) {
            recovery.pathReturned(&initial.space, now: now, outcome: &outcome)
        }
        if recovery.isReturn(application.sent, lastHeard: lastHeard, now: now) {
            recovery.pathReturned(&application, now: now, outcome: &outcome)
        }
        applyOutcome(now: now)
    }
}
