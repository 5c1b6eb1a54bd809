import GodwitSession
import GodwitTLS
import GodwitTransport
import GodwitWire
import NIOCore
import NIOPosix

/// The shell around one datagram connection: moves datagrams, keeps one timer, replaces its socket when the address
/// under it is gone. Confined to its event loop.
///
/// The socket is bound to the wildcard address and never connected, so the kernel chooses the source address anew for
/// each datagram, and a lost address costs nothing but the datagrams of that moment.
final class DatagramCarrier {
    /// Between two sockets: an unreachable network fails each send at once.
    private static let reopenDelay: TimeAmount = .milliseconds(100)
    /// Send errors in a row after which the socket is replaced.
    private static let sendErrorsBeforeReopen = 3
    /// Room for the largest envelope, so that a send is never refused for want of it.
    private static let envelopeRoom = 262_144
    /// The kernel may join datagrams that arrive together.
    private static let receivesBatches = System.supportsUDPReceiveOffload
    /// One receive buffer holds any datagram of ours, or as many as the kernel joins; it is touched as far as it is filled.
    private static let receiveBufferBytes = receivesBatches ? 65_536 : 2_048

    let id: AttemptID
    private let eventLoop: any EventLoop
    private let connection: Connection
    private let remote: SocketAddress
    private weak var owner: (any CarrierOwner)?
    private var channel: (any Channel)?
    /// Tells a socket's late callbacks from those of its successor.
    private var socketGeneration = 0
    private var isOpening = false
    private var isClosed = false
    private var isDriving = false
    private var sendErrors = 0
    /// Until the kernel refuses a batch.
    private var sendsBatches = System.supportsUDPSegmentationOffload
    private var batcher = DatagramBatcher()
    private var hasProgressed = false
    private var packetsHeard: UInt64 = 0
    private var lastHeardAt: NIODeadline?
    private var scratch = ByteBuffer()
    private var timer: LoopTimer?
    private var reopenTimer: LoopTimer?

    init(
        id: AttemptID, remote: SocketAddress, configuration: TransportConfiguration, tls: TLSContext,
        resumption: TLSResumption?, memory: PathMemory?, random: RandomSource, eventLoop: any EventLoop,
        owner: any CarrierOwner
    ) throws(TransportError) {
        self.id = id
        self.eventLoop = eventLoop
        self.remote = remote
        self.owner = owner
        connection = try Connection.client(
            configuration: configuration, tls: tls, serverName: nil, remote: Address(remote), random: random,
            resumption: resumption, memory: memory, now: .now())
        timer = LoopTimer(eventLoop: eventLoop) { [weak self] in self?.timeoutIsDue() }
        reopenTimer = LoopTimer(eventLoop: eventLoop) { [weak self] in self?.openSocket() }
    }

    func start() { openSocket() }

    /// The least urgent envelopes that there is room for now; nil = none.
    var room: Urgency? {
        guard connection.state == .established || connection.canSendEarly else { return nil }
        return connection.leastUrgentWithRoom(for: Self.envelopeRoom)
    }

    var pathMemory: PathMemory? { PathMemory(connection.statistics) }

    /// - Returns: the connection's name for it.
    func send(_ envelope: SessionEnvelope) -> UInt64? {
        do {
            return try connection.send(
                envelope.bytes, urgency: envelope.urgency, deadline: envelope.deadline, now: .now())
        } catch {
            // The session keeps what is not acknowledged and sends it again on the next carrier.
            fail(.lost, reason: "\(error)")
            return nil
        }
    }

    func giveUp(_ message: UInt64) { connection.giveUp(message) }

    /// What is late or finds no room is dropped.
    func send(_ datagram: SessionDatagram) {
        try? connection.sendDatagram(datagram.envelope, deadline: datagram.deadline, now: .now())
    }

    func close() {
        guard !isClosed else { return }
        connection.close(code: 0, reason: "", now: .now())
        transmit(now: .now())
        tearDown()
    }

    /// A new local address, or the hope of one.
    func rebind() {
        guard !isClosed else { return }
        replaceSocket()
        connection.rebind(now: .now())
    }

    func limitSilence(to limit: TimeAmount?) {
        connection.limitSilence(to: limit)
        drive()
    }

    var figures: CarrierFigures {
        let statistics = connection.statistics
        return CarrierFigures(
            roundTrip: statistics.smoothedRTT, lossRate: statistics.lossRate, lastHeardAt: lastHeardAt,
            unansweredSince: statistics.unansweredSince, silence: statistics.agreedSilence)
    }

    // MARK: Driving the connection

    /// Events, datagrams, timer: after everything that touches the connection.
    func drive() {
        guard !isDriving, !isClosed else { return }
        isDriving = true
        defer { isDriving = false }
        let now = NIODeadline.now()
        var hasNews = false
        while let event = connection.pollEvent() {
            switch event {
            case .established:
                owner?.carrierEstablished(id)
            case .message(let envelope):
                hasNews = true
                owner?.carrier(id, received: envelope)
            case .datagram(let envelope):
                hasNews = true
                owner?.carrier(id, received: envelope)
            case .messageAcknowledged, .messageLate:
                // There is room again.
                hasNews = true
            case .ticket(let ticket):
                owner?.carrier(id, received: ticket)
            case .remoteAddressChanged, .earlyMessage:
                break
            case .closed(let reason):
                fail(AttemptFailure(reason), reason: "\(reason)")
            }
            if isClosed { return }
        }
        if hasNews { owner?.carrierBecameReady(id) }
        guard !isClosed else { return }
        transmit(now: now)
        timer?.set(connection.pollTimeout())
    }

    private func transmit(now: NIODeadline) {
        guard let channel else { return }
        var burst = Burst()
        while let destination = connection.pollTransmit(now: now, into: &scratch) {
            let ready = batcher.add(
                scratch, to: remote, remote: destination, mark: connection.transmitMark,
                mayJoin: sendsBatches && scratch.readableBytes <= connection.datagramLimit)
            if let ready { write(ready, in: &burst, to: channel) }
        }
        if let ready = batcher.end() { write(ready, in: &burst, to: channel) }
        if burst.hasBegun { channel.flush() }
    }

    /// What of the datagrams between two flushes is watched for errors: the first write, and the first of several datagrams.
    private struct Burst {
        var hasBegun = false
        var hasBatch = false
    }

    private func write(_ batch: DatagramBatch, in burst: inout Burst, to channel: any Channel) {
        let isFirstBatch = batch.count > 1 && !burst.hasBatch
        channel.write(
            AddressedEnvelope(remoteAddress: remote, data: batch.data, metadata: batch.metadata),
            promise: burst.hasBegun && !isFirstBatch ? nil : sendPromise(batch, channel))
        burst.hasBegun = true
        burst.hasBatch = burst.hasBatch || isFirstBatch
    }

    private func sendPromise(_ batch: DatagramBatch, _ channel: any Channel) -> EventLoopPromise<Void> {
        let promise = channel.eventLoop.makePromise(of: Void.self)
        let generation = socketGeneration
        promise.futureResult.assumeIsolated().whenComplete { [weak self] result in
            guard let self, self.socketGeneration == generation, !self.isClosed else { return }
            switch result {
            case .success: self.sendErrors = 0
            case .failure(let error) where batch.count > 1 && BatchRefusal(error) != nil:
                self.sendsBatches = false
                // On a socket that closes over it this does nothing, and the connection sends again what is lost.
                self.sendSingly(batch)
            // One that tried a size; the interface knows better.
            case .failure(ChannelError.writeMessageTooLarge): break
            case .failure:
                self.sendErrors += 1
                if self.sendErrors >= Self.sendErrorsBeforeReopen {
                    self.connection.useFreshID()
                    self.replaceSocket()
                }
            }
        }
        return promise
    }

    private func sendSingly(_ batch: DatagramBatch) {
        guard let channel else { return }
        for datagram in batch.datagrams {
            channel.write(
                AddressedEnvelope(remoteAddress: remote, data: datagram, metadata: batch.mark.metadata), promise: nil)
        }
        channel.flush()
    }

    private func timeoutIsDue() {
        connection.handleTimeout(now: .now())
        drive()
        if !isClosed { owner?.carrierBecameReady(id) }
    }

    fileprivate func received(_ datagram: ByteBuffer, from source: SocketAddress, mark: ECNCodepoint) {
        guard !isClosed else { return }
        let now = NIODeadline.now()
        connection.receive(datagram, from: Address(source), mark: mark, now: now)
        let heard = connection.statistics.packetsReceived
        guard heard != packetsHeard else { return }
        packetsHeard = heard
        lastHeardAt = now
        if !hasProgressed {
            hasProgressed = true
            owner?.carrierProgressed(id)
        }
    }

    private func fail(_ failure: AttemptFailure, reason: String) {
        guard !isClosed else { return }
        transmit(now: .now())
        tearDown()
        owner?.carrier(id, failed: failure, reason: reason)
    }

    private func tearDown() {
        isClosed = true
        socketGeneration += 1
        timer?.cancel()
        reopenTimer?.cancel()
        channel?.close(promise: nil)
        channel = nil
    }

    // MARK: The socket

    private func replaceSocket() {
        sendErrors = 0
        socketGeneration += 1
        channel?.close(promise: nil)
        channel = nil
        isOpening = false
        openSocket()
    }

    private func openSocket() {
        guard !isClosed, !isOpening, channel == nil else { return }
        isOpening = true
        let generation = socketGeneration
        let handler = NIOLoopBound(DatagramHandler(carrier: self, generation: generation), eventLoop: eventLoop)
        let isIPv6 = remote.protocol == .inet6
        var bootstrap = DatagramBootstrap(group: eventLoop)
        for setting in DatagramSocketOptions.neverFragment(isIPv6: isIPv6) {
            bootstrap = bootstrap.channelOption(setting.option, value: setting.value)
        }
        if Self.receivesBatches {
            bootstrap =
                bootstrap
                .channelOption(.datagramReceiveOffload, value: true)
                .channelOption(.datagramReceiveSegmentSize, value: true)
        }
        bootstrap
            .channelOption(
                .recvAllocator, value: FixedSizeRecvByteBufferAllocator(capacity: Self.receiveBufferBytes)
            )
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(handler.value) }
            }
            .bind(host: isIPv6 ? "::" : "0.0.0.0", port: 0)
            .assumeIsolated()
            .whenComplete { result in self.socketOpened(result, generation: generation) }
    }

    private func socketOpened(_ result: Result<any Channel, any Error>, generation: Int) {
        guard generation == socketGeneration, !isClosed else {
            if case .success(let stale) = result { stale.close(promise: nil) }
            return
        }
        isOpening = false
        switch result {
        case .success(let channel):
            self.channel = channel
            try? channel.syncOptions?.setOption(.explicitCongestionNotification, value: true)
            if connection.canSendEarly { owner?.carrierCanSendEarly(id) }
            drive()
        case .failure:
            reopenTimer?.set(.now() + Self.reopenDelay)
        }
    }

    /// The socket died under us, as it does when a send fails with ENETUNREACH; the connection does not care.
    fileprivate func socketClosed(generation: Int) {
        guard generation == socketGeneration, !isClosed else { return }
        socketGeneration += 1
        channel = nil
        connection.useFreshID()
        reopenTimer?.set(.now() + Self.reopenDelay)
    }
}

/// Hands datagrams to the carrier, and drives it once a burst.
private final class DatagramHandler: ChannelInboundHandler {
    typealias InboundIn = AddressedEnvelope<ByteBuffer>

    private let carrier: DatagramCarrier
    private let generation: Int

    init(carrier: DatagramCarrier, generation: Int) {
        self.carrier = carrier
        self.generation = generation
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let envelope = unwrapInboundIn(data)
        let mark = ECNCodepoint(envelope.metadata)
        for datagram in DatagramSegments(envelope.data, segmentBytes: envelope.metadata?.segmentSize) {
            carrier.received(datagram, from: envelope.remoteAddress, mark: mark)
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) { carrier.drive() }

    func channelInactive(context: ChannelHandlerContext) { carrier.socketClosed(generation: generation) }

    // ICMP errors and the like: whether the path works is for the connection's timers to find out.
    func errorCaught(context: ChannelHandlerContext, error: any Error) {}
}

extension AttemptFailure {
    init(_ reason: CloseReason) {
        switch reason {
        case .idleTimeout: self = .lost
        case .handshakeTimeout: self = .timedOut
        case .tls(.pinMismatch): self = .pinMismatch
        case .tls: self = .tls
        case .peer, .local, .keyLimitReached, .pathLost, .statelessReset: self = .lost
        case .peerError(.tlsFailure, _): self = .tls
        case .protocolViolation, .peerError, .versionMismatch: self = .protocolViolation
        }
    }
}
