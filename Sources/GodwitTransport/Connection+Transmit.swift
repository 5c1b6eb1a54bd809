import GodwitTLS
import GodwitWire
import NIOCore

extension Connection {
    /// Less than this is not worth a datagram on a path that is not validated.
    private static let smallestUsefulDatagram = 64

    var isBlockedByAmplification: Bool { path.amplification.allowance < Self.smallestUsefulDatagram }

    /// Writes one datagram into the cleared `datagram`, whose storage is used again if it is not shared.
    ///
    /// - Returns: where to send it, nil if there is nothing to send now.
    package func pollTransmit(now: NIODeadline, into datagram: inout ByteBuffer) -> Address? {
        let largest = datagramLimit
        transmitMark = .notCapable
        datagram.clear(minimumCapacity: largest)
        guard !isBlockedByAmplification else { return nil }
        let limit = min(largest, path.amplification.allowance)
        switch state {
        case .handshaking, .established:
            if keyPhase.isWorn(nextNumber: application.sent.nextNumber), !renewKeys(now: now) {
                writeClose(into: &datagram, limit: limit, now: now)
                break
            }
            if writeMTUProbe(into: &datagram, now: now) { break }
            writeInitial(into: &datagram, limit: limit, now: now)
            writeApplication(into: &datagram, limit: limit, now: now)
        case .closing: writeClose(into: &datagram, limit: limit, now: now)
        case .draining, .closed: return nil
        }
        guard datagram.readableBytes > 0 else { return nil }
        path.amplification.send(datagram.readableBytes)
        counters.datagramsSent += 1
        counters.bytesSent += UInt64(datagram.readableBytes)
        return path.remote
    }

    // MARK: Initial packets

    private func writeInitial(into datagram: inout ByteBuffer, limit: Int, now: NIODeadline) {
        guard let initial, let keys = initial.space.keys else { return }
        repeatFinished(now: now)
        let maySend = initial.space.probesDue > 0 || recovery.canSend(now: now)
        let hasData = handshake.stream.hasPending && maySend
        let owesAck = initial.space.received.hasUnacknowledged
        guard hasData || owesAck || initial.space.pingDue || initial.space.probesDue > 0 else { return }
        let header = PacketWriter.Header.initial(destination: peerID, source: localID)
        guard var writer = begin(header, initial.space.position, limit: limit, &datagram) else { return }
        if owesAck || hasData { writeAck(of: &initial.space, into: &datagram, &writer, now: now) }
        if hasData {
            while let frame = handshake.stream.writeFrame(into: &datagram, space: writer.space(in: datagram)) {
                writer.add(frame)
            }
            if handshakeSent == nil, role == .client { flightRepetition.flightSent(now: now) }
            handshakeSent = now
        }
        writePing(for: &initial.space, into: &datagram, &writer)
        let minimum = role == .client && !hasHeardPeer ? ProtocolLimits.minimumInitialDatagramBytes : 0
        finish(writer, in: &initial.space, keys, &datagram, minimum: minimum, now: now)
    }

    /// Until the server confirms the handshake, the client's Finished rides along with its data: data without it would only wait.
    private func repeatFinished(now: NIODeadline) {
        guard role == .client, state == .established, !handshake.stream.hasPending, hasSendable,
            let sent = handshakeSent, now - sent >= Self.finishedRepetition
        else { return }
        handshake.stream.sendAllAgain()
    }

    /// Datagrams that leave together die together, so one of them is enough.
    private static let finishedRepetition = TimeAmount.milliseconds(5)

    // MARK: Application packets

    private func writeApplication(into datagram: inout ByteBuffer, limit: Int, now: NIODeadline) {
        guard role == .server || handshake.isComplete else {
            return writeEarly(into: &datagram, limit: limit, now: now)
        }
        guard let keys = application.keys else { return }
        raiseWindows(now: now)
        let maySend = application.probesDue > 0 || recovery.canSend(now: now)
        let hasData = hasSendable && maySend
        datagrams.dropLate(now: now)
        let hasDatagrams =
            (!datagrams.isEmpty || datagrams.copyDeadline.map { $0 <= now } ?? false) && recovery.canSend(now: now)
        let hasChallenge = path.validation?.isDue ?? false
        // Tickets, behind the handshake and behind messages: nobody waits for them.
        let hasRecords = role == .server && !hasInitialSpace && handshake.stream.hasPending && maySend && !hasData
        let hasRetirements = self.hasRetirements && maySend
        // Copies that fall due together could be more than the path takes.
        if repetitions.hasReleased, !recovery.canSend(now: now) { repetitions.dropReleased() }
        let repair = recovery.canSend(now: now) ? dueRepair : nil
        let isElicitingDue =
            hasData || hasRetirements || hasRecords || hasDatagrams || repetitions.hasReleased || hasChallenge
            || control.isDue || incoming.hasPermitDue
            || application.pingDue
            || application.probesDue > 0 || recovery.knocking.due != nil
        guard isElicitingDue || repair != nil || application.received.isDue(now: now) else { return }
        let header = PacketWriter.Header.short(destination: peerID, phase: keys.phaseBit)
        guard var writer = begin(header, application.position, limit: limit, &datagram) else { return }
        if let token = path.takeChallenge(now: now, interval: recovery.probeTimeout) {
            Frame.pathChallenge(token).encode(into: &datagram)
            writer.isEliciting = true
        }
        // On a path that loses packets an acknowledgement is repeated until the peer is known to have it.
        let repeatsAck = isElicitingDue && recovery.packetsLost > 0 && application.received.isUnconfirmed
        if application.received.hasUnacknowledged || repeatsAck {
            writeAck(of: &application, into: &datagram, &writer, now: now)
            if !keyPhase.isSettled, let largest = writer.acknowledgedUpTo { keyPhase.acknowledging(upTo: largest) }
        }
        if control.isDue || incoming.hasPermitDue {
            control.write(
                into: &datagram, writer: &writer, incoming: &incoming, localID: localID, issuer: issuer,
                keepAliveSeconds: keepAliveFrameSeconds)
        }
        if hasRetirements { writeRetirements(into: &datagram, &writer) }
        // The first answer is not made longer when a ticket follows that the spare can go with.
        if maySend, !(hasData && handshake.stream.hasPending) { writeAnnouncements(into: &datagram, &writer) }
        while hasRecords,
            let frame = handshake.stream.writeFrame(into: &datagram, space: writer.space(in: datagram))
        {
            writer.add(frame)
        }
        if hasDatagrams { writeDatagrams(into: &datagram, &writer, now: now) }
        let isKnock = recovery.knocking.due != nil
        var isAlone = !writeCopies(into: &datagram, &writer, isLast: !hasData && !isKnock && repair == nil)
        if isKnock, writeKnock(into: &datagram, &writer, isLast: !hasData && repair == nil) { isAlone = false }
        if let repair { writeRepair(repair, into: &datagram, &writer) }
        if !hasData || !hasSendable { writePing(for: &application, into: &datagram, &writer) }
        let firstUnbegun = outgoing.nextNumber
        while hasData,
            let frame = outgoing.writeFrame(
                into: &datagram, space: writer.space(in: datagram), isAlone: isAlone, alignment: pieceAlignment)
        {
            writer.add(frame)
            isAlone = false
            guard case .message(let number, let offset, _, _) = frame else { continue }
            if offset == 0, number >= firstUnbegun { repeatFirst(number, now: now) }
            noticeEnd(of: number)
        }
        if writer.isEliciting { application.pingDue = false }
        markBulk(hasData: hasData)
        finish(writer, in: &application, keys, &datagram, minimum: 0, now: now)
        if isKnock { recovery.knockSent(bytes: application.sent.newestBytes) }
    }

    /// - Parameter isLast: nothing but copies follows.
    /// - Returns: whether there were any.
    private func writeCopies(into datagram: inout ByteBuffer, _ writer: inout PacketWriter, isLast: Bool) -> Bool {
        guard repetitions.hasReleased else { return false }
        var hasWritten = false
        while let id = repetitions.takeReleased(bytes: { outgoing.pendingBytes(of: $0) }) {
            guard
                let frame = outgoing.writeCopy(
                    of: id, into: &datagram, space: writer.space(in: datagram),
                    isLast: isLast && !repetitions.hasReleased)
            else { continue }
            writer.add(frame)
            hasWritten = true
            counters.copiesSent += 1
            if case .message(_, _, let count, _) = frame { counters.copyBytesSent += UInt64(count) }
        }
        return hasWritten
    }

    /// Client: messages under the ticket's keys, with or behind the first flight.
    private func writeEarly(into datagram: inout ByteBuffer, limit: Int, now: NIODeadline) {
        guard let keys = early.keys, state == .handshaking else { return }
        let maySend = application.probesDue > 0 || recovery.canSend(now: now)
        guard hasSendable, maySend else { return }
        let limit = min(limit, datagram.writerIndex + early.remaining)
        let header = PacketWriter.Header.zeroRTT(destination: peerID, source: localID)
        guard var writer = begin(header, application.position, limit: limit, &datagram) else { return }
        var isAlone = true
        while let frame = outgoing.writeFrame(
            into: &datagram, space: writer.space(in: datagram), isAlone: isAlone)
        {
            writer.add(frame)
            isAlone = false
        }
        let before = application.sent.nextNumber
        finish(writer, in: &application, keys, &datagram, minimum: 0, now: now)
        if application.sent.nextNumber > before { _ = early.use(application.sent.newestBytes) }
    }

    // MARK: Parts of packets

    func begin(
        _ header: PacketWriter.Header, _ position: PacketSpace.Position, limit: Int, _ datagram: inout ByteBuffer
    ) -> PacketWriter? {
        var lent: ContiguousArray<SentFrame> = []
        swap(&lent, &workspace.carried)
        return PacketWriter(
            header, number: position.nextNumber, largestAcknowledged: position.largestAcknowledged, limit: limit,
            reusing: lent, in: &datagram)
    }

    private func writeAck(
        of space: inout PacketSpace, into datagram: inout ByteBuffer, _ writer: inout PacketWriter, now: NIODeadline
    ) {
        guard let ack = space.received.acknowledgement(now: now) else { return }
        let start = datagram.writerIndex
        ack.encode(into: &datagram)
        if writer.space(in: datagram) < 0 {
            // Little room, on a path that is not validated or beside an Initial packet: the newest range alone always fits.
            datagram.moveWriterIndex(to: start)
            AckFrame(delay: ack.delay, first: ack.first, ecn: ack.ecn).encode(into: &datagram)
        }
        writer.acknowledgedUpTo = ack.largest
        space.received.acknowledgementSent(now: now)
        if writer.space(in: datagram) >= LossReport.encodedLength, let report = space.received.takeLossReport() {
            report.encode(into: &datagram)
        }
    }

    private func writePing(
        for space: inout PacketSpace, into datagram: inout ByteBuffer, _ writer: inout PacketWriter
    ) {
        guard space.pingDue || space.probesDue > 0 else { return }
        space.pingDue = false
        guard !writer.isEliciting, writer.space(in: datagram) > 0 else { return }
        Frame.ping.encode(into: &datagram)
        writer.isEliciting = true
    }

    func finish(
        _ packet: consuming PacketWriter, in space: inout PacketSpace, _ keys: PacketKeys, _ datagram: inout ByteBuffer,
        minimum: Int,
        now: NIODeadline
    ) {
        var writer = packet
        // Not copied: what is lent to the next packet must have no second owner.
        defer {
            swap(&workspace.carried, &writer.carried)
            workspace.carried.removeAll(keepingCapacity: true)
        }
        guard !writer.isEmpty(datagram) else {
            writer.takeBack(&datagram)
            return
        }
        let bytes: Int
        do throws(TLSError) {
            bytes = try writer.finish(&datagram, keys: keys, datagramMinimum: minimum)
        } catch {
            writer.takeBack(&datagram)
            finish(.tls(error))
            return
        }
        space.sent.record(
            time: now, bytes: bytes, isEliciting: writer.isEliciting, isMarked: transmitMark == .capable0,
            rateMark: recovery.rateMark(now: now),
            acknowledgedUpTo: writer.acknowledgedUpTo, carried: writer.carried)
        recovery.sent(
            bytes: bytes, isEliciting: writer.isEliciting,
            hasMore: hasSendable || handshake.stream.hasPending || dueRepair != nil)
        counters.packetsSent += 1
        idle.said(isQuestion: writer.isEliciting, now: now)
        stayAwake(now: now)
        if writer.isEliciting {
            if space.probesDue > 0 { space.probesDue -= 1 }
        }
    }

    // MARK: Closing

    private func writeClose(into datagram: inout ByteBuffer, limit: Int, now: NIODeadline) {
        guard let closing, closing.isDue, let frame = closing.frame else { return }
        self.closing?.sent()
        if let initial, let keys = initial.space.keys,
            var writer = begin(
                .initial(destination: peerID, source: localID), initial.space.position, limit: limit, &datagram)
        {
            frame.forInitialPackets.encode(into: &datagram)
            writer.isEliciting = false
            let minimum = role == .client && !hasHeardPeer ? ProtocolLimits.minimumInitialDatagramBytes : 0
            finish(writer, in: &initial.space, keys, &datagram, minimum: minimum, now: now)
        }
        if let keys = application.keys, role == .server || handshake.isComplete,
            let writer = begin(
                .short(destination: peerID, phase: keys.phaseBit), application.position, limit: limit, &datagram)
        {
            if writer.space(in: datagram) >= CloseFrame.maximumLength {
                frame.encode(into: &datagram)
            }
            finish(writer, in: &application, keys, &datagram, minimum: 0, now: now)
        }
    }
}

extension CloseFrame {
    /// Code and reason at their longest.
    fileprivate static let maximumLength = 1 + 8 + 2 + maximumReasonBytes

    /// Anyone on the way can read Initial packets, so what the application says is left out of them.
    fileprivate var forInitialPackets: CloseFrame {
        byApplication
            ? CloseFrame(byApplication: false, code: TransportErrorCode.applicationClosed.rawValue, reason: "") : self
    }
}
