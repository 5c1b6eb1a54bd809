import GodwitSession
import GodwitTLS
import GodwitTransport
import GodwitWire
import NIOCore
import NIOPosix

/// The state of a `TestClient`, on its event loop.
final class ClientEngine {
    let server: SocketAddress
    let tls: TLSContext
    let loop: any EventLoop
    var isDeaf = false
    private var opensBadly = false

    private let session: Session
    private var carrier: (any ClientCarrier)?
    private var opening: EventLoopPromise<Resumption>?
    private var responses: [LocalID: EventLoopPromise<TestClient.Response>] = [:]
    private var pushes: [(command: UInt32, body: ByteBuffer)] = []
    private var pushWaiter: EventLoopPromise<(command: UInt32, body: ByteBuffer)>?
    private var ended: CarrierEnd?
    private var endWaiter: EventLoopPromise<CarrierEnd>?
    private var timer: Scheduled<Void>?

    init(server: SocketAddress, tls: TLSContext, loop: any EventLoop) {
        self.server = server
        self.tls = tls
        self.loop = loop
        session = Session.client(ticket: nil, incarnation: .random(in: 1 ... .max))
    }

    func connect(_ kind: CarrierKind, badly: Bool) -> EventLoopFuture<Resumption> {
        if let carrier {
            self.carrier = nil
            carrier.abandon()
            session.carrierDetached(now: .now())
        }
        isDeaf = false
        opensBadly = badly
        ended = nil
        let promise = loop.makePromise(of: Resumption.self)
        opening = promise
        let open = kind == .datagram ? DatagramLink.open(self) : StreamLink.open(self)
        open.whenFailure { promise.fail($0) }
        return promise.futureResult
    }

    func request(_ command: UInt32, _ body: ByteBuffer) -> EventLoopFuture<TestClient.Response> {
        let promise = loop.makePromise(of: TestClient.Response.self)
        do {
            let id = try session.send(
                OutgoingMessage(kind: .request(command: command), body: body), now: .now())
            responses[id] = promise
            pump()
        } catch {
            promise.fail(error)
        }
        return promise.futureResult
    }

    func nextPush() -> EventLoopFuture<(command: UInt32, body: ByteBuffer)> {
        let promise = loop.makePromise(of: (command: UInt32, body: ByteBuffer).self)
        if pushes.isEmpty {
            pushWaiter = promise
        } else {
            promise.succeed(pushes.removeFirst())
        }
        return promise.futureResult
    }

    func end() -> EventLoopFuture<CarrierEnd> {
        let promise = loop.makePromise(of: CarrierEnd.self)
        if let ended { promise.succeed(ended) } else { endWaiter = promise }
        return promise.futureResult
    }

    func changeAddress() -> EventLoopFuture<Void> {
        (carrier as? DatagramLink)?.changeAddress() ?? loop.makeSucceededVoidFuture()
    }

    /// Of the datagram carrier, if the client is on one.
    var datagramLink: DatagramLink? { carrier as? DatagramLink }

    func leave() {
        timer?.cancel()
        carrier?.abandon()
        carrier = nil
    }

    // MARK: From the carrier

    func attach(_ carrier: any ClientCarrier) {
        self.carrier = carrier
        session.carrierAttached(now: .now())
        pump()
    }

    func receive(_ envelope: ByteBuffer, from source: any ClientCarrier) {
        guard source === carrier, !isDeaf else { return }
        do {
            try session.receive(envelope, now: .now())
        } catch {
            opening?.fail(error)
        }
        pump()
    }

    func lost(_ source: any ClientCarrier, _ end: CarrierEnd) {
        guard source === carrier else { return }
        carrier = nil
        session.carrierDetached(now: .now())
        ended = end
        endWaiter?.succeed(end)
        endWaiter = nil
    }

    func pump() {
        while let event = session.pollEvent() { take(event) }
        if let carrier {
            while let envelope = session.pollTransmit(now: .now()) {
                // A PING with the number 0.
                carrier.send(opensBadly ? ByteBuffer(bytes: [0x05, 0, 0]) : envelope)
            }
            carrier.flush()
        }
        timer?.cancel()
        guard let deadline = session.pollTimeout() else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        timer = loop.scheduleTask(deadline: deadline) {
            bound.value.session.handleTimeout(now: .now())
            bound.value.pump()
        }
    }

    private func take(_ event: SessionEvent) {
        switch event {
        case .opened(let resumption, _):
            opening?.succeed(resumption)
            opening = nil
        case .message(let message):
            take(message)
        case .abandoned(let id, let reason):
            responses.removeValue(forKey: id)?.fail(SessionRefused(reason: reason.rawValue))
        case .rejected(let reason, _, _):
            opening?.fail(SessionRefused(reason: "\(reason)"))
            opening = nil
        case .closed(_, let text):
            opening?.fail(SessionRefused(reason: text))
            opening = nil
        case .datagram, .acknowledged, .pong:
            break
        }
    }

    private func take(_ message: IncomingMessage) {
        switch message.kind {
        case .response(let request, let status):
            responses.removeValue(forKey: request)?
                .succeed(TestClient.Response(status: Status(rawValue: status), body: message.body))
        case .push(let command):
            if let waiter = pushWaiter {
                pushWaiter = nil
                waiter.succeed((command, message.body))
            } else {
                pushes.append((command, message.body))
            }
        case .request:
            break
        }
    }
}

/// What a session's envelopes travel on.
protocol ClientCarrier: AnyObject {
    func send(_ envelope: ByteBuffer)
    func flush()
    /// Ends without telling the server.
    func abandon()
}
