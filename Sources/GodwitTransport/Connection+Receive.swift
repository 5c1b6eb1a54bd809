import GodwitTLS
import GodwitWire
import NIOCore

extension Connection {
    /// Takes one datagram. Never throws, never traps: what is not authentic is counted and dropped.
    ///
    /// - Parameter mark: of the datagram's IP header.
    package func receive(
        _ datagram: consuming ByteBuffer, from source: Address, mark: ECNCodepoint = .notCapable, now: NIODeadline
    ) {
        _ = take(datagram, from: source, mark: mark, now: now)
    }

    /// - Returns: why the last packet that had no effect was dropped.
    func take(
        _ datagram: consuming ByteBuffer, from source: Address, mark: ECNCodepoint, now: NIODeadline
    ) -> DropReason? {
        arrivingMark = mark
        let bytes = datagram.readableBytes
        counters.datagramsReceived += 1
        counters.bytesReceived += UInt64(bytes)
        switch state {
        case .handshaking, .established: break
        case .closing:
            closing?.heardDatagram()
            return drop(.closed)
        case .draining, .closed: return drop(.closed)
        }
        if source != path.remote {
            // Only a server's peer may move, and only once the handshake has proved who it is.
            guard role == .server, state == .established else { return drop(.unexpectedAddress) }
        } else {
            path.amplification.receive(bytes)
        }
        var buffer = datagram
        var dropped: DropReason?
        while buffer.readableBytes > 0, state == .handshaking || state == .established {
            if let reason = takePacket(&buffer, from: source, datagramBytes: bytes, now: now) { dropped = reason }
        }
        return dropped
    }

    private func drop(_ reason: DropReason) -> DropReason {
        counters.drops.count(reason)
        return reason
    }

    /// Takes the packet at the reader index and moves behind it.
    private func takePacket(
        _ buffer: inout ByteBuffer, from source: Address, datagramBytes: Int, now: NIODeadline
    ) -> DropReason? {
        let start = buffer.readerIndex
        let header: PacketHeader
        do throws(WireError) {
            header = try PacketHeader.decode(from: &buffer, shortDestinationLength: localID.count)
        } catch {
            buffer.moveReaderIndex(to: buffer.writerIndex)
            return drop(DropReason(error))
        }
        let number = buffer.readerIndex
        let end: Int
        switch header {
        case .initial(let header), .zeroRTT(let header): end = number + header.length
        case .short, .versionNegotiation, .retry: end = buffer.writerIndex
        }
        let bounds = PacketKeys.Bounds(start: start, number: number, end: end)
        // Bytes before the reader index cannot be read.
        buffer.moveReaderIndex(to: start)
        defer { buffer.moveReaderIndex(to: end) }
        switch header {
        case .initial(let header):
            return takeInitial(header, buffer, bounds, from: source, now: now)
        case .zeroRTT(let header):
            return takeEarly(header, buffer, bounds, from: source, now: now)
        case .short(let destination):
            guard let sequence = localSequence(of: destination) else { return drop(.unknownConnection) }
            packetSequence = sequence
            return takeShort(buffer, bounds, from: source, datagramBytes: datagramBytes, now: now)
        case .versionNegotiation(let offer):
            return takeVersionNegotiation(offer)
        case .retry(let retry):
            return takeRetry(retry, now: now).map { drop($0) }
        }
    }

    private func takeInitial(
        _ header: InitialHeader, _ buffer: ByteBuffer, _ bounds: PacketKeys.Bounds, from source: Address,
        now: NIODeadline
    ) -> DropReason? {
        guard let initial, let keys = initial.space.keys else { return drop(.noKeys) }
        guard source == path.remote else { return drop(.unexpectedAddress) }
        let isAddressed =
            header.destination == localID || (role == .server && header.destination == clientChosenID)
        guard isAddressed, role == .server || !hasHeardPeer || header.source == peerID else {
            return drop(.unknownConnection)
        }
        guard let opened = open(buffer, bounds, keys, largestReceived: initial.space.received.largest) else {
            return drop(.authenticationFailed)
        }
        guard !initial.space.received.hasSeen(opened.number) else { return drop(.duplicate) }
        if role == .client, !hasHeardPeer {
            hasHeardPeer = true
            peerID = header.source
            peerIDs = PeerIDs(handshakeID: header.source)
        }
        // The client has read the ID that we sent to its address, so it is there.
        if role == .server, header.destination == localID { path.amplification.validate() }
        process(opened, in: .initial, now: now)
        return nil
    }

    /// Server: a zero round trip packet. It comes in or behind the datagram of the ClientHello.
    private func takeEarly(
        _ header: InitialHeader, _ buffer: ByteBuffer, _ bounds: PacketKeys.Bounds, from source: Address,
        now: NIODeadline
    ) -> DropReason? {
        guard role == .server, let keys = early.keys else { return drop(.noKeys) }
        guard source == path.remote else { return drop(.unexpectedAddress) }
        guard header.destination == clientChosenID || header.destination == localID else {
            return drop(.unknownConnection)
        }
        guard let opened = open(buffer, bounds, keys, largestReceived: application.received.largest) else {
            return drop(.authenticationFailed)
        }
        guard !application.received.hasSeen(opened.number) else { return drop(.duplicate) }
        guard early.use(bounds.end - bounds.start) else { return drop(.earlyDataLimit) }
        process(opened, in: .early, now: now)
        return nil
    }

    private func takeShort(
        _ buffer: ByteBuffer, _ bounds: PacketKeys.Bounds, from source: Address, datagramBytes: Int,
        now: NIODeadline
    ) -> DropReason? {
        guard let keys = application.keys, handshake.isComplete else {
            guard let packet = buffer.getSlice(at: bounds.start, length: bounds.end - bounds.start),
                waiting.add(packet.detached(), from: source)
            else { return drop(.noKeys) }
            return nil
        }
        let largestBefore = application.received.largest
        guard let opened = open(buffer, bounds, keys, largestReceived: largestBefore) else {
            let reason = drop(.authenticationFailed)
            if isStatelessReset(buffer) { finish(.statelessReset) } else { noteForgery(now: now) }
            return reason
        }
        if opened.isOtherPhase || !keyPhase.isSettled {
            guard notePhase(of: opened, keys: keys, now: now) else { return nil }
        }
        guard !application.received.hasSeen(opened.number) else { return drop(.duplicate) }
        let isNewest = largestBefore.map { opened.number > $0 } ?? true
        if isNewest, let localIDs {
            followPeer(
                to: source, cause: localIDs.used(packetSequence) ? .deliberate : .rebinding,
                datagramBytes: datagramBytes,
                now: now)
        }
        process(opened, in: .application, now: now)
        return nil
    }

    /// The newest packet decides where the peer is (RFC 9000 §9.3): an old one that was held up must not.
    private func followPeer(to source: Address, cause: MigrationCause, datagramBytes: Int, now: NIODeadline) {
        let before = path.remote
        guard path.move(to: source, datagramBytes: datagramBytes, random: random) else { return }
        recovery.giveUp(&application, sentBefore: now, now: now, outcome: &outcome)
        applyOutcome(now: now)
        // A NAT that gave another port has not changed the network behind it.
        if !source.hasSameHost(as: before) {
            recovery.pathChanged()
            restartMTU()
        }
        recovery.resetProbes()
        counters.migrations.count(cause)
        events.append(.remoteAddressChanged(source, cause))
    }

    private func open(
        _ datagram: ByteBuffer, _ bounds: PacketKeys.Bounds, _ keys: PacketKeys, largestReceived: UInt64?
    ) -> PacketKeys.Opened? {
        keys.open(datagram, bounds, largestReceived: largestReceived, into: &workspace.plaintext)
    }

    private func takeVersionNegotiation(_ offer: VersionNegotiation) -> DropReason? {
        guard role == .client, !hasHeardPeer, offer.source == clientChosenID, offer.destination == localID,
            !offer.versions.contains(ProtocolLimits.version)
        else { return drop(.malformed) }
        finish(.versionMismatch(supported: offer.versions))
        return nil
    }

    /// Packets that waited for the handshake.
    func processWaiting(now: NIODeadline) {
        // They came with other datagrams.
        arrivingMark = .notCapable
        for packet in waiting.takeAll() {
            guard state == .established else { return }
            var bytes = packet.bytes
            _ = takePacket(&bytes, from: packet.source, datagramBytes: packet.bytes.readableBytes, now: now)
        }
    }
}

extension DropReason {
    init(_ error: WireError) {
        switch error {
        case .unsupportedVersion: self = .unsupportedVersion
        case .unknownPacketType: self = .unsupportedType
        default: self = .malformed
        }
    }
}
