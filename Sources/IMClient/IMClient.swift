import GodwitClient
import NIOCore
import NIOPosix

/// A messaging client: login, an outbox that loses nothing, the user's timeline, history and read marks, over one
/// ``GodwitClient`` connection that takes care of itself.
///
/// ```swift
/// let client = try IMClient(configuration: configuration)
/// client.start()
/// client.logIn(user: "anna", password: "…")
/// client.send("Hello", to: "bo")
/// for await event in client.events { … }
/// ```
///
/// Nothing waits for the network: calls return at once and what becomes of them is told in ``events``.
public final class IMClient: Sendable {
    /// Events kept while nobody reads. What is dropped then is in the history.
    private static let eventLimit = 65_536

    private let eventLoop: any EventLoop
    private let connection: GodwitClient
    private let core: NIOLoopBoundBox<IMCore?>

    /// What happens, in order.
    public let events: AsyncStream<IMClientEvent>

    /// Opens the state directory, if one is given, and does nothing more until ``start()``. Blocks while it reads.
    public convenience init(
        configuration: IMClientConfiguration, eventLoop: any EventLoop = MultiThreadedEventLoopGroup.singleton.next()
    ) throws {
        try self.init(configuration: configuration, eventLoop: eventLoop, onEvent: { _ in })
    }

    /// A client whose events are also handed to `onEvent`, on the event loop.
    package init(
        configuration: IMClientConfiguration, eventLoop: any EventLoop,
        onEvent: @escaping @Sendable (IMClientEvent) -> Void
    ) throws {
        let (events, sink) = AsyncStream.makeStream(
            of: IMClientEvent.self, bufferingPolicy: .bufferingOldest(Self.eventLimit))
        self.events = events
        self.eventLoop = eventLoop
        let (journal, saved) = try Journal.open(directory: configuration.stateDirectory, eventLoop: eventLoop)
        var connectionConfiguration = configuration.connection
        connectionConfiguration.savedState = saved.connection
        // The connection's events need the core, the core needs the connection: the box is filled before either starts.
        let core = NIOLoopBoundBox<IMCore?>.makeEmptyBox(valueType: IMCore.self, eventLoop: eventLoop)
        self.core = core
        let connection = try GodwitClient(configuration: connectionConfiguration, eventLoop: eventLoop) { event in
            core.value?.handle(event)
        }
        self.connection = connection
        let made = IMCore(
            configuration: configuration, eventLoop: eventLoop, connection: connection, journal: journal, saved: saved
        ) { event in
            onEvent(event)
            sink.yield(event)
        }
        let handover = NIOLoopBoundBox.makeBoxSendingValue(made, eventLoop: eventLoop)
        eventLoop.execute { core.value = handover.value }
    }

    /// Begins to connect; with a saved login it logs in by itself.
    ///
    /// - Parameter connecting: false to work without the network until ``connect()``.
    public func start(connecting: Bool = true) { onLoop { $0.start(connecting: connecting) } }

    /// Connects after ``disconnect(forgetting:)``. Needless otherwise: the client reconnects by itself.
    public func connect() { connection.start() }

    /// Leaves the server until ``connect()``; what is sent meanwhile waits in the outbox.
    ///
    /// - Parameter forgetting: Whether to drop the session and its ticket too. The login and the outbox are kept.
    public func disconnect(forgetting: Bool = false) { connection.disconnect(forgetting: forgetting) }

    /// Logs in, or logs in with the saved token when `password` is nil.
    public func logIn(user: String, password: String?, createIfMissing: Bool = true) {
        onLoop { $0.logIn(user: user, password: password, createIfMissing: createIfMissing) }
    }

    /// Whether the state directory holds a login, and whose.
    public func savedLogin() async -> String? {
        await fromLoop { $0.hasSavedLogin ? $0.user : nil }
    }

    /// Revokes this device's login on the server.
    public func logOut() async throws {
        let failure = await withCheckedContinuation { (continuation: CheckedContinuation<IMClientError?, Never>) in
            onLoop { $0.logOut { continuation.resume(returning: $0) } }
        }
        if let failure { throw failure }
    }

    /// Queues a text. ``IMClientEvent/queued(id:to:)``, then ``IMClientEvent/sent(_:)`` or
    /// ``IMClientEvent/failed(id:_:)`` follow.
    ///
    /// - Parameter id: Names the message on this device, 1 to 64 bytes; sending the same id again sends nothing twice.
    public func send(_ body: String, to peer: String, id: String) {
        onLoop { $0.send(id: id, to: peer, body: body) }
    }

    /// A request to any command of the server, over the same session; see ``GodwitClient/request(_:body:lane:timeout:replay:urgency:deadline:)``.
    package func request(
        _ request: ClientRequest, completion: @escaping @Sendable (Result<Response, ClientError>) -> Void
    ) {
        connection.send(request, completion: completion)
    }

    /// Ends a request that has this name and no answer yet.
    package func cancelRequest(_ name: UInt64) { connection.cancel(name) }

    /// An unreliable datagram; see ``GodwitClient/sendDatagram(_:body:deadline:)``.
    package func sendDatagram(_ command: UInt32, body: ByteBuffer, deadline: TimeAmount) async throws {
        try await connection.sendDatagram(command, body: body, deadline: deadline)
    }

    /// Looks for news now; it happens by itself as well.
    public func sync() { onLoop { $0.pull() } }

    /// Tells `peer` that its messages up to `seq` were read.
    public func markRead(peer: String, upTo seq: UInt64) async throws {
        let failure = await withCheckedContinuation { (continuation: CheckedContinuation<IMClientError?, Never>) in
            onLoop { $0.markRead(peer: peer, upTo: seq) { continuation.resume(returning: $0) } }
        }
        if let failure { throw failure }
    }

    /// The newest messages with `peer`, oldest first.
    public func history(with peer: String, limit: Int = 50) async -> [HistoryEntry] {
        await withCheckedContinuation { continuation in
            onLoop { $0.history(with: peer, limit: max(0, limit)) { continuation.resume(returning: $0) } }
        }
    }

    /// How the connection stands.
    public func status() async -> ConnectionStatus { await connection.status() }

    /// Messages of ours that wait for the server.
    public func queuedCount() async -> Int { await fromLoop { $0.queuedCount } }

    /// This installation's name.
    public func device() async -> String { await fromLoop { $0.deviceName } }

    /// The machine's network changed: look at once instead of waiting for a timer.
    public func networkChanged() { connection.networkChanged() }

    /// Waits until every message of ours is on the server, at most for `timeout`. Returns whether they are.
    public func flush(timeout: TimeAmount) async -> Bool {
        let loop = eventLoop
        let done = loop.makePromise(of: Bool.self)
        let timer = loop.scheduleTask(in: timeout) { done.succeed(false) }
        onLoop { $0.whenFlushed { done.succeed(true) } }
        let flushed = (try? await done.futureResult.get()) ?? false
        timer.cancel()
        return flushed
    }

    /// Closes the connection and the state directory. The session and the outbox go on with the next client on that
    /// directory.
    public func shutdown() async {
        await connection.shutdown()
        await withCheckedContinuation { (continuation: CheckedContinuation<Void, Never>) in
            onLoop { $0.stop { continuation.resume() } }
        }
    }

    private func onLoop(_ body: @escaping @Sendable (IMCore) -> Void) {
        let core = core
        eventLoop.execute {
            if let core = core.value { body(core) }
        }
    }

    private func fromLoop<Value: Sendable>(_ body: @escaping @Sendable (IMCore) -> Value) async -> Value {
        await withCheckedContinuation { continuation in
            onLoop { continuation.resume(returning: body($0)) }
        }
    }
}
