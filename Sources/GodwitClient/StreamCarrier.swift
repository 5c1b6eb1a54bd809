import GodwitTLS
import GodwitWire
import NIOCore
import NIOPosix

/// The shell around one TLS 1.3 connection on TCP that carries framed envelopes. Confined to its event loop.
final class StreamCarrier {
    /// What goes first is decided as late as possible: nothing overtakes what lies in the kernel unsent (TCP_NOTSENT_LOWAT), or in the
    /// channel.
    private static let unsentBytes = 16 << 10
    private static let pendingBytes = (low: 8 << 10, high: 32 << 10)
    /// `TCP_USER_TIMEOUT` of linux/tcp.h: after so long with unacknowledged bytes the kernel reports the connection lost.
    private static let userTimeoutMilliseconds = 20_000
    /// Keep-alive: first probe after 5 minutes of idleness, then each 5 s, three times. The session's heartbeat comes first; this frees
    /// a socket whose session is elsewhere.
    private static let keepAlive = (idle: 300, interval: 5, count: 3)
    /// How old the kernel's figures may be.
    private static let figuresAge: TimeAmount = .milliseconds(500)

    let id: AttemptID
    private let eventLoop: any EventLoop
    private let remote: SocketAddress
    private let connectTimeout: TimeAmount
    private weak var owner: (any CarrierOwner)?
    private let engine: TLSEngine
    private var decoder = StreamFrameDecoder()
    private var channel: (any Channel)?
    private var isEstablished = false
    private var isClosed = false
    private var plaintext = ByteBuffer()
    private var unflushedBytes = 0
    private var lastHeardAt: NIODeadline?
    private var roundTrip: TimeAmount?
    private var askedKernelAt: NIODeadline?

    init(
        id: AttemptID, remote: SocketAddress, connectTimeout: TimeAmount, tls: TLSContext,
        resumption: TLSResumption?, eventLoop: any EventLoop, owner: any CarrierOwner
    ) throws(TLSError) {
        self.id = id
        self.eventLoop = eventLoop
        self.remote = remote
        self.connectTimeout = connectTimeout
        self.owner = owner
        engine = try TLSEngine(context: tls, role: .client, serverName: nil, resumption: resumption)
    }

    func start() {
        let handler = NIOLoopBound(StreamHandler(carrier: self), eventLoop: eventLoop)
        var bootstrap = ClientBootstrap(group: eventLoop)
            .connectTimeout(connectTimeout)
            .channelOption(.tcpOption(.tcp_nodelay), value: 1)
            .channelOption(.socketOption(.so_keepalive), value: 1)
            .channelOption(
                .writeBufferWaterMark,
                value: ChannelOptions.Types.WriteBufferWaterMark(
                    low: Self.pendingBytes.low, high: Self.pendingBytes.high))
        #if os(Linux)
        bootstrap =
            bootstrap
            .channelOption(.tcpOption(.init(rawValue: 4)), value: Self.keepAlive.idle)
            .channelOption(.tcpOption(.init(rawValue: 5)), value: Self.keepAlive.interval)
            .channelOption(.tcpOption(.init(rawValue: 6)), value: Self.keepAlive.count)
            .channelOption(.tcpOption(.init(rawValue: 18)), value: Self.userTimeoutMilliseconds)
            .channelOption(.tcpOption(.init(rawValue: 25)), value: Self.unsentBytes)
        #endif
        bootstrap
            .channelInitializer { channel in
                channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(handler.value) }
            }
            .connect(to: remote)
            .assumeIsolated()
            .whenFailure { error in
                let failure = AttemptFailure(connecting: error)
                self.fail(failure, reason: "TCP to \(self.remote): \(error)")
            }
    }

    var canSend: Bool { isEstablished && !isClosed && channel?.isWritable == true }

    func send(_ envelope: ByteBuffer) {
        var frame = ByteBuffer()
        StreamFraming.encode(envelope, into: &frame)
        do {
            try engine.write(frame)
            unflushedBytes += frame.readableBytes
            // Only what has reached the channel tells whether there is room for more.
            if unflushedBytes >= Self.pendingBytes.high { flush() }
        } catch {
            fail(.lost, reason: "\(error)")
        }
    }

    func flush() {
        guard unflushedBytes > 0 else { return }
        unflushedBytes = 0
        writeOutput()
    }

    func close() {
        guard !isClosed else { return }
        engine.close()
        writeOutput()
        tearDown()
    }

    var figures: CarrierFigures {
        askKernel()
        return CarrierFigures(roundTrip: roundTrip, lossRate: nil, lastHeardAt: lastHeardAt)
    }

    // MARK: What the channel says

    fileprivate func connected(_ channel: any Channel) {
        guard !isClosed else { return channel.close(promise: nil) }
        self.channel = channel
        owner?.carrierProgressed(id)
        perform { try engine.start() }
    }

    fileprivate func received(_ bytes: ByteBuffer) {
        guard !isClosed else { return }
        lastHeardAt = .now()
        perform { try engine.receive(bytes, now: .now()) }
        guard !isClosed else { return }
        if engine.isHandshakeComplete, !isEstablished {
            isEstablished = true
            owner?.carrierEstablished(id)
        } else if !isEstablished {
            owner?.carrierProgressed(id)
        }
        guard isEstablished, !isClosed else { return }
        perform { try deliver() }
        if engine.isClosed { fail(.lost, reason: "the server closed the connection") }
    }

    fileprivate func readComplete() {
        if isEstablished, !isClosed { owner?.carrierBecameReady(id) }
    }

    fileprivate func ended() { fail(.lost, reason: "the TCP connection was lost") }

    fileprivate func failed(_ error: any Error) { fail(.lost, reason: "\(error)") }

    // MARK: TLS and frames

    private func deliver() throws {
        while true {
            plaintext.clear()
            let hasData = try engine.read(into: &plaintext)
            if let ticket = engine.takeTicket() { owner?.carrier(id, received: ticket) }
            guard hasData else { return }
            decoder.receive(plaintext)
            while let envelope = try decoder.next() {
                owner?.carrier(id, received: envelope)
                if isClosed { return }
            }
        }
    }

    /// Runs a step of the engine, sends what came of it (an alert as well), and ends the carrier if it threw.
    private func perform(_ step: () throws -> Void) {
        do {
            try step()
            writeOutput()
        } catch let error as TLSError {
            writeOutput()
            if case .pinMismatch = error {
                fail(.pinMismatch, reason: "\(error)")
            } else {
                fail(isEstablished ? .lost : .tls, reason: "\(error)")
            }
        } catch {
            fail(.protocolViolation, reason: "\(error)")
        }
    }

    private func writeOutput() {
        guard let channel, let output = engine.takeOutput() else { return }
        channel.writeAndFlush(output, promise: nil)
    }

    private func askKernel() {
        #if os(Linux)
        let now = NIODeadline.now()
        if let askedKernelAt, now - askedKernelAt < Self.figuresAge { return }
        guard let options = channel as? any SocketOptionProvider, isEstablished else { return }
        askedKernelAt = now
        options.getTCPInfo().assumeIsolated().whenSuccess { [weak self] info in
            self?.roundTrip = .microseconds(Int64(info.tcpi_rtt))
        }
        #endif
    }

    private func fail(_ failure: AttemptFailure, reason: String) {
        guard !isClosed else { return }
        tearDown()
        owner?.carrier(id, failed: failure, reason: reason)
    }

    private func tearDown() {
        isClosed = true
        channel?.close(promise: nil)
        channel = nil
    }
}

private final class StreamHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    private let carrier: StreamCarrier

    init(carrier: StreamCarrier) { self.carrier = carrier }

    func channelActive(context: ChannelHandlerContext) { carrier.connected(context.channel) }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { carrier.received(unwrapInboundIn(data)) }

    func channelReadComplete(context: ChannelHandlerContext) { carrier.readComplete() }

    func channelWritabilityChanged(context: ChannelHandlerContext) { carrier.readComplete() }

    func channelInactive(context: ChannelHandlerContext) { carrier.ended() }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { carrier.failed(error) }
}

extension AttemptFailure {
    /// What a failed `connect` means.
    init(connecting error: any Error) {
        switch error {
        case ChannelError.connectTimeout: self = .timedOut
        case let error as IOError where error.errnoCode == ErrorNumber.connectionRefused: self = .refused
        case let error as IOError where error.errnoCode == ErrorNumber.timedOut: self = .timedOut
        default: self = .unreachable
        }
    }
}
