import Bitcask
import GodwitClient
import GodwitWire
import NIOCore
import SwiftProtobuf

/// Joins login, outbox, timeline, history and journal over one connection. Confined to the connection's event loop.
final class IMCore {
    static let maximumBodyBytes = 65_536
    static let maximumIDBytes = 64
    /// Items of one pull; a reply also ends at 128 KiB.
    static let syncWindow: UInt32 = 200
    /// A failed pull or login is tried again after this.
    static let retryPause: TimeAmount = .seconds(1)

    /// What is done to be logged in on the present session.
    enum Login {
        /// Nobody asked yet, or the last answer was no.
        case none
        case underWay
        case done
    }

    let configuration: IMClientConfiguration
    let eventLoop: any EventLoop
    let connection: GodwitClient
    let journal: Journal
    let onEvent: (IMClientEvent) -> Void

    let device: String
    var user: String?
    var token: [UInt8]?
    /// The password of a login that was asked for and not yet answered; forgotten then.
    var password: (user: String, text: String, createIfMissing: Bool)?
    var login = Login.none
    /// Counts sessions and logins, so that an answer to an earlier one is not taken for this one's.
    var epoch = 0
    var isAnnounced = true

    var outbox: Outbox
    var nextNumber: UInt64
    var startedAt: [String: NIODeadline] = [:]
    /// Messages whose outbox record is not durable yet; a receipt waits for it.
    var undurable: Set<String> = []
    var earlyReceipts: [String: SentReceipt] = [:]
    var sentMemory = SentMemory()
    var timeline: Timeline
    var isPulling = false
    var pullAgain = false
    var history: RecentHistory
    var readBy: [String: UInt64]
    var timer: LoopTimer?
    var retryAt: NIODeadline?
    var whenFlushed: [() -> Void] = []
    var isClosed = false

    init(
        configuration: IMClientConfiguration, eventLoop: any EventLoop, connection: GodwitClient, journal: Journal,
        saved: SavedState, onEvent: @escaping (IMClientEvent) -> Void
    ) {
        self.configuration = configuration
        self.eventLoop = eventLoop
        self.connection = connection
        self.journal = journal
        self.onEvent = onEvent
        device = saved.device ?? Self.newDeviceName()
        user = saved.user
        token = saved.token
        outbox = Outbox(limit: configuration.maximumOutbox, maximumInFlight: configuration.maximumInFlight)
        nextNumber = saved.nextNumber
        timeline = Timeline(savedKey: saved.syncKey)
        history = RecentHistory(perConversation: configuration.recentMessages)
        readBy = saved.readBy
        for entry in saved.outbox { outbox.append(entry, now: .now()) }
    }

    static func newDeviceName() -> String {
        let digits = String(RandomSource.system.next(), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    func start(connecting: Bool) {
        timer = LoopTimer(eventLoop: eventLoop) { [weak self] in self?.timeoutIsDue() }
        store { $0.put(StateKey.device, Array(device.utf8)) }
        if connecting { connection.start() }
    }

    func stop(completion: @escaping () -> Void) {
        isClosed = true
        timer?.cancel()
        journal.close(completion: completion)
    }

    // MARK: The connection's events

    func handle(_ event: ClientEvent) {
        switch event {
        case .status(let status): emit(.connection(status))
        case .problem(let problem): emit(.problem(problem))
        case .opened(let start): sessionOpened(start)
        case .push(let command, let body):
            if command == Command.notify.rawValue { notified(body) }
        case .datagram(let command, let body): emit(.datagram(command: command, body: body))
        case .save(let state):
            store { batch in
                batch.set(StateKey.ticket, state.ticket)
                batch.set(StateKey.failures, state.failures)
                batch.set(StateKey.server, state.server)
            }
        }
    }

    func sessionOpened(_ start: SessionStart) {
        switch start {
        case .resumed:
            // The session delivers what it had; a pull is only for what the server pushed nowhere.
            break
        case .restarted, .new:
            // A new session is not logged in; one of an earlier process is, but a new process must prove nothing else:
            // the token is cheap. A login that is under way goes out on this session, or fails and is asked again.
            if login == .done { login = .none }
            logInAgain()
        }
        proceed()
    }

    // MARK: Ending

    /// Calls back when nothing of ours waits for the server: no message, no login, no pull.
    func whenFlushed(_ body: @escaping () -> Void) {
        whenFlushed.append(body)
        flushIfEmpty()
    }

    func flushIfEmpty() {
        guard outbox.isEmpty, undurable.isEmpty, login != .underWay, !isPulling, !whenFlushed.isEmpty else { return }
        let waiting = whenFlushed
        whenFlushed = []
        for body in waiting { body() }
    }

    var queuedCount: Int { outbox.count }
    var deviceName: String { device }

    // MARK: Timers

    func retryLater() {
        let due = NIODeadline.now() + Self.retryPause
        retryAt = min(retryAt ?? due, due)
        scheduleTimer()
    }

    func scheduleTimer() {
        guard !isClosed else { return }
        let departure = login == .done ? outbox.nextDeparture(after: .now()) : nil
        timer?.set([retryAt, departure, timeline.pullDue].compactMap(\.self).min())
    }

    func timeoutIsDue() {
        let now = NIODeadline.now()
        if let retryAt, retryAt <= now {
            self.retryAt = nil
            if login == .done { pull() } else { logInAgain() }
        }
        if let due = timeline.pullDue, due <= now {
            timeline.pullBegan()
            pull()
        }
        proceed()
    }

    // MARK: Small things

    func ask(
        _ command: Command, _ message: some SwiftProtobuf.Message, lane: UInt64? = nil,
        completion: @escaping (Result<Response, ClientError>) -> Void
    ) {
        guard let bytes = try? message.serializedBytes() as [UInt8] else {
            return completion(.failure(.tooLarge(bytes: .max, limit: Self.maximumBodyBytes)))
        }
        let request = ClientRequest(
            command: command.rawValue, body: ByteBuffer(bytes: bytes), lane: lane, timeout: nil, replay: .fail)
        let bound = NIOLoopBound(completion, eventLoop: eventLoop)
        connection.send(request) { bound.value($0) }
    }

    func store(_ fill: (inout BitcaskBatch) -> Void) {
        guard journal.isPersistent else { return }
        var batch = BitcaskBatch()
        fill(&batch)
        journal.write(batch, durable: false) { [self] failure in
            if let failure { emit(.storageFailed(failure.description)) }
        }
    }

    func emit(_ event: IMClientEvent) { onEvent(event) }

    static func error(_ response: Response) -> IMClientError {
        let text = String(buffer: response.body)
        switch Status(rawValue: response.status) {
        case .unauthenticated: return .notLoggedIn
        case .wrongPassword: return .wrongPassword(text)
        case .unknownRecipient: return .unknownRecipient(text)
        default: return .refused(status: response.status, text)
        }
    }
}

extension BitcaskBatch {
    /// Puts a value, or deletes the key.
    mutating func set(_ key: [UInt8], _ value: [UInt8]?) {
        if let value { put(key, value) } else { delete(key) }
    }
}
