import GodwitTLS
import NIOCore
import NIOPosix
import Synchronization

/// A client of a Godwit server: one session that goes on across carriers, addresses and outages.
///
/// ```swift
/// var configuration = ClientConfiguration(server: try ServerEndpointName(parsing: "chat.example:7400"), pins: [pin])
/// let client = try GodwitClient(configuration: configuration)
/// client.start()
/// let answer = try await client.request(1, body: ByteBuffer(string: "hello"))
/// ```
///
/// The client connects and reconnects by itself. Requests wait for the network and survive changes of it.
public final class GodwitClient: Sendable {
    let eventLoop: any EventLoop
    let core: NIOLoopBoundBox<ClientCore>
    private let defaultTimeout: TimeAmount

    /// What happens to the connection, newest 256 kept while nobody reads; pushes are in ``pushes``.
    public let events: AsyncStream<ClientEvent>
    /// Messages that the server sends of its own accord; the newest 1,024 are kept while nobody reads.
    public let pushes: AsyncStream<(command: UInt32, body: ByteBuffer)>

    /// A client that does nothing until ``start()``.
    public convenience init(
        configuration: ClientConfiguration, eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
    ) throws(ClientError) {
        try self.init(configuration: configuration, eventLoop: eventLoop, onEvent: { _ in })
    }

    /// A client whose events are also handed to `onEvent`, on the event loop and in order. Requests made from within
    /// `onEvent` for ``ClientEvent/opened(_:)`` go out before anything that waits.
    package init(
        configuration: ClientConfiguration, eventLoop: any EventLoop,
        onEvent: @escaping @Sendable (ClientEvent) -> Void
    ) throws(ClientError) {
        let tls = try Self.tlsContext(pins: configuration.pins)
        let (events, eventSink) = AsyncStream.makeStream(of: ClientEvent.self, bufferingPolicy: .bufferingNewest(256))
        let (pushes, pushSink) = AsyncStream.makeStream(
            of: (command: UInt32, body: ByteBuffer).self, bufferingPolicy: .bufferingNewest(1_024))
        self.events = events
        self.pushes = pushes
        self.eventLoop = eventLoop
        defaultTimeout = configuration.requestTimeout
        let core = ClientCore(configuration: configuration, tls: tls, eventLoop: eventLoop) { event in
            onEvent(event)
            if case .push(let command, let body) = event {
                pushSink.yield((command, body))
            } else {
                eventSink.yield(event)
            }
        }
        self.core = .makeBoxSendingValue(core, eventLoop: eventLoop)
    }

    /// Begins to connect, also after ``disconnect(forgetting:)``.
    public func start() {
        let core = core
        eventLoop.execute { core.value.start() }
    }

    /// Asks the server and waits for the answer, whatever the network does in between.
    ///
    /// - Parameters:
    ///   - command: The number that decides which upstream answers.
    ///   - body: At most 256 KiB with its envelope.
    ///   - lane: Requests of one lane reach the server in the order of sending.
    ///   - timeout: nil for the configuration's ``ClientConfiguration/requestTimeout``.
    ///   - replay: What to do when the server lost the session before answering.
    ///   - urgency: nil for what is usual: bodies over 4 KiB are media, others text, a login is control.
    ///   - deadline: How long it may take to reach the server. What is late, as a typing notice, is not sent any more, and fails with
    ///     ``ClientError/late(milliseconds:)``.
    /// - Throws: ``ClientError``; ``ClientError/cancelled`` when the task is cancelled: then nothing more of the request is sent, and
    ///   whether the server has it already is not known.
    public func request(
        _ command: UInt32, body: ByteBuffer, lane: UInt64? = nil, timeout: TimeAmount? = nil,
        replay: ReplayPolicy = .resend, urgency: RequestUrgency? = nil, deadline: TimeAmount? = nil
    ) async throws -> Response {
        let name = Self.makeRequestName()
        let request = ClientRequest(
            command: command, body: body, lane: lane, timeout: timeout ?? defaultTimeout, replay: replay,
            urgency: urgency, deadline: deadline, name: name)
        return try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { continuation in
                send(request) { result in continuation.resume(with: result.mapError { $0 as any Error }) }
                // It may have been cancelled before there was anything to cancel.
                if Task.isCancelled { cancel(name) }
            }
        } onCancel: {
            cancel(name)
        }
    }

    private static let requestNames = Atomic<UInt64>(0)

    /// A name that no other request of this process has.
    package static func makeRequestName() -> UInt64 { requestNames.add(1, ordering: .relaxed).newValue }

    /// Ends a request that has this name and no answer yet, with ``ClientError/cancelled``.
    package func cancel(_ name: UInt64) {
        let core = core
        eventLoop.execute { core.value.cancel(named: name) }
    }

    /// The same without a task. `completion` runs once, on the event loop.
    package func send(
        _ request: ClientRequest, completion: @escaping @Sendable (Result<Response, ClientError>) -> Void
    ) {
        if eventLoop.inEventLoop {
            core.value.send(request, completion: completion)
        } else {
            let core = core
            eventLoop.execute { core.value.send(request, completion: completion) }
        }
    }

    /// Sends what is worth nothing when it is late: once, on the carrier of the moment, ahead of requests, or not at all. The server's
    /// datagrams come as ``ClientEvent/datagram(command:body:)``. On TCP nothing is lost, but late it may be.
    ///
    /// - Parameters:
    ///   - body: At most 1,100 bytes.
    ///   - deadline: How long it may wait for room on the path.
    public func sendDatagram(_ command: UInt32, body: ByteBuffer, deadline: TimeAmount) async throws {
        let core = core
        let latest = NIODeadline.now() + deadline
        try await eventLoop.submit { try core.value.sendDatagram(command, body: body, deadline: latest) }.get()
    }

    /// How the connection stands, with fresh figures.
    public func status() async -> ConnectionStatus {
        let core = core
        return await withCheckedContinuation { continuation in
            eventLoop.execute { continuation.resume(returning: core.value.status()) }
        }
    }

    /// The session's machine moved or its network changed: look at once instead of waiting for a timer.
    public func networkChanged() {
        let core = core
        eventLoop.execute { core.value.networkChanged() }
    }

    /// The application has come to the screen or has left it.
    public func setActivity(_ activity: ClientActivity) {
        let core = core
        eventLoop.execute { core.value.setActivity(activity) }
    }

    /// Closes the carriers and stays away until ``start()``. Requests wait meanwhile.
    ///
    /// - Parameter forgetting: Whether to drop the session and its ticket as well: the next connection begins as a new
    ///   installation's would.
    public func disconnect(forgetting: Bool = false) {
        let core = core
        eventLoop.execute { core.value.disconnect(forgetting: forgetting) }
    }

    /// Closes the carriers; the session stays on the server until it expires. Waiting requests fail with
    /// ``ClientError/closed``.
    public func shutdown() async {
        let core = core
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            eventLoop.execute {
                core.value.stop()
                continuation.resume()
            }
        }
    }

    private static func tlsContext(pins: [String]) throws(ClientError) -> TLSContext {
        var parsed: [PublicKeyPin] = []
        for pin in pins {
            do {
                parsed.append(try PublicKeyPin(parsing: pin))
            } catch {
                throw .badPin(pin)
            }
        }
        do {
            return try TLSContext.client(pins: parsed, alpn: ["godwit/1"])
        } catch {
            throw .security("\(error)")
        }
    }
}
