import Bitcask
import GodwitClient
import GodwitWire
import IMMessages
import Logging
import NIOCore
import SwiftProtobuf

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// Joins login, outbox, timeline, history and journal over one connection. Confined to the connection's event loop.
final class IMCore {
    static let maximumBodyBytes = 65_536
    static let maximumIDBytes = 64
    /// Items of one pull; a reply also ends at 128 KiB.
    private static let syncWindow: UInt32 = 200
    /// A failed pull or login is tried again after this.
    private static let retryPause: TimeAmount = .seconds(1)

    /// What is done to be logged in on the present session.
    private enum Login {
        /// Nobody asked yet, or the last answer was no.
        case none
        case underWay
        case done
    }

    private let configuration: IMClientConfiguration
    private let eventLoop: any EventLoop
    private let connection: GodwitClient
    private let journal: Journal
    private let onEvent: (IMClientEvent) -> Void

    private let device: String
    private(set) var user: String?
    private var token: [UInt8]?
    /// The password of a login that was asked for and not yet answered; forgotten then.
    private var password: (user: String, text: String, createIfMissing: Bool)?
    private var login = Login.none
    /// Counts sessions and logins, so that an answer to an earlier one is not taken for this one's.
    private var epoch = 0
    private var isAnnounced = true

    private var outbox: Outbox
    private var nextNumber: UInt64
    private var startedAt: [String: NIODeadline] = [:]
    /// Messages whose outbox record is not durable yet; a receipt waits for it.
    private var undurable: Set<String> = []
    private var earlyReceipts: [String: SentReceipt] = [:]
    private var sentMemory = SentMemory()
    private var timeline: Timeline
    private var isPulling = false
    private var pullAgain = false
    private var history: RecentHistory
    private var readBy: [String: UInt64]
    private var timer: LoopTimer?
    private var retryAt: NIODeadline?
    private var whenFlushed: [() -> Void] = []
    private var isClosed = false

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

    private static func newDeviceName() -> String {
        let digits = String(RandomSource.system.next(), radix: 16)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }

    func start() {
        timer = LoopTimer(eventLoop: eventLoop) { [weak self] in self?.timeoutIsDue() }
        store { $0.put(StateKey.device, Array(device.utf8)) }
        connection.start()
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
        case .save(let state):
            store { batch in
                batch.set(StateKey.ticket, state.ticket)
                batch.set(StateKey.failures, state.failures)
            }
        }
    }

    private func sessionOpened(_ start: SessionStart) {
        switch start {
        case .resumed:
            // The session delivers what it had; a pull is only for what the server pushed nowhere.
            break
        case .restarted:
            // The server's session is logged in still, but a new process must prove nothing else: the token is cheap.
            login = .none
            logInAgain()
        case .new:
            login = .none
            logInAgain()
        }
        proceed()
    }

    // MARK: Login

    /// Logs in now or as soon as there is a session. Answered by `.loggedIn` or `.loginFailed`.
    func logIn(user wanted: String, password text: String?, createIfMissing: Bool) {
        if let owner = user, owner != wanted {
            return emit(.loginFailed(.otherUser(stateOf: owner, wanted: wanted)))
        }
        isAnnounced = false
        if let text {
            password = (wanted, text, createIfMissing)
        } else if token == nil {
            isAnnounced = true
            return emit(.loginFailed(.notLoggedIn))
        }
        login = .none
        logInAgain()
    }

    private func logInAgain() {
        guard login == .none, !isClosed else { return }
        var request = IMLoginRequest()
        if let password {
            request.user = password.user
            request.device = device
            request.password = password.text
            request.createIfMissing = password.createIfMissing
        } else if let token {
            request.token = Data(token)
        } else {
            return
        }
        login = .underWay
        epoch += 1
        let asked = epoch
        let isByPassword = password != nil
        ask(.login, request) { [self] result in
            guard asked == epoch, login == .underWay else { return }
            loginAnswered(result, isByPassword: isByPassword)
        }
    }

    private func loginAnswered(_ result: Result<Response, ClientError>, isByPassword: Bool) {
        login = .none
        switch result {
        case .failure(.sessionReplaced):
            logInAgain()
        case .failure(let error):
            if case .closed = error { return }
            retryLater()
        case .success(let response):
            guard response.isSuccess else { return loginRefused(response, isByPassword: isByPassword) }
            guard let reply = try? IMLoginReply(serializedBytes: Array(response.body.readableBytesView)) else {
                return emit(.loginFailed(.refused(status: 9, "the server's answer to the login cannot be read")))
            }
            loggedIn(reply)
        }
    }

    private func loginRefused(_ response: Response, isByPassword: Bool) {
        let status = Status(rawValue: response.status)
        if status?.isTransient == true || status == .internal { return retryLater() }
        let text = String(buffer: response.body)
        password = nil
        isAnnounced = true
        switch status {
        case .wrongPassword: emit(.loginFailed(.wrongPassword(text)))
        case .unauthenticated where !isByPassword:
            token = nil
            store { $0.delete(StateKey.token) }
            emit(.loginFailed(.loginExpired))
        default: emit(.loginFailed(.refused(status: response.status, text)))
        }
    }

    private func loggedIn(_ reply: IMLoginReply) {
        login = .done
        password = nil
        user = reply.user
        if !reply.token.isEmpty { token = Array(reply.token) }
        store { batch in
            batch.put(StateKey.user, Array(reply.user.utf8))
            batch.set(StateKey.token, token)
        }
        if !isAnnounced {
            isAnnounced = true
            emit(.loggedIn(user: reply.user, device: reply.device, created: reply.created))
        }
        pull()
        proceed()
    }

    /// The server does not take this session for logged in.
    private func loginLost() {
        guard login == .done else { return }
        login = .none
        logInAgain()
    }

    var hasSavedLogin: Bool { token != nil }

    func logOut(completion: @escaping (IMClientError?) -> Void) {
        ask(.logout, IMLogoutRequest()) { [self] result in
            switch result {
            case .success(let response) where response.isSuccess:
                token = nil
                login = .none
                store { $0.delete(StateKey.token) }
                completion(nil)
            case .success(let response): completion(Self.error(response))
            case .failure(let error): completion(.connection(error))
            }
        }
    }

    // MARK: Sending

    /// Takes a message. Answered by `.queued`, then `.sent` or `.failed`; a repeated id is answered as the first was.
    func send(id: String, to: String, body: String) {
        guard user != nil || password != nil else { return emit(.failed(id: id, .notLoggedIn)) }
        guard (1...Self.maximumIDBytes).contains(id.utf8.count) else { return emit(.failed(id: id, .badMessageID(id))) }
        guard !body.isEmpty else { return emit(.failed(id: id, .emptyBody)) }
        guard body.utf8.count <= Self.maximumBodyBytes else {
            return emit(.failed(id: id, .tooLarge(bytes: body.utf8.count, limit: Self.maximumBodyBytes)))
        }
        if let receipt = sentMemory[id] { return emit(.sent(receipt)) }
        if outbox.contains(id: id) { return emit(.queued(id: id, to: to)) }
        guard !outbox.isFull else { return emit(.failed(id: id, .outboxFull(limit: configuration.maximumOutbox))) }

        let entry = OutboxEntry(
            number: nextNumber, id: id, to: to, body: body, timeMilliseconds: WallClock.milliseconds())
        nextNumber += 1
        startedAt[id] = .now()
        undurable.insert(id)
        outbox.append(entry, now: .now())
        var batch = BitcaskBatch()
        batch.put(StateKey.outbox(entry.number), entry.encoded())
        batch.put(StateKey.nextNumber, StateKey.bytes(nextNumber))
        journal.write(batch, durable: true) { [self] failure in
            undurable.remove(id)
            if let failure { emit(.storageFailed(failure.description)) }
            emit(.queued(id: id, to: to))
            if let receipt = earlyReceipts.removeValue(forKey: id) { emit(.sent(receipt)) }
            flushIfEmpty()
        }
        proceed()
    }

    /// Sends what may go.
    private func proceed() {
        guard !isClosed else { return }
        if login == .done {
            for departure in outbox.depart(now: .now()) { dispatch(departure) }
        }
        scheduleTimer()
        flushIfEmpty()
    }

    private func dispatch(_ departure: Outbox.Departure) {
        var request = IMSendRequest()
        request.to = departure.entry.to
        request.clientMessageID = departure.entry.id
        request.body = departure.entry.body
        request.clientTimeMs = UInt64(clamping: departure.entry.timeMilliseconds)
        request.afterClientMessageID = departure.predecessor ?? ""
        ask(.send, request, lane: Lane.key(of: departure.entry.to)) { [self] result in
            sendAnswered(departure.entry, result)
        }
    }

    private func sendAnswered(_ entry: OutboxEntry, _ result: Result<Response, ClientError>) {
        let now = NIODeadline.now()
        switch result {
        case .failure(.closed):
            return
        case .failure(.sessionReplaced):
            _ = outbox.conclude(id: entry.id, .again, now: now)
        case .failure(.tooLarge(let bytes, let limit)):
            refuse(entry, .tooLarge(bytes: bytes, limit: limit))
        case .failure:
            _ = outbox.conclude(id: entry.id, .later, now: now)
        case .success(let response):
            switch Status(rawValue: response.status) {
            case .ok: receipt(entry, response.body, now: now)
            case .unauthenticated:
                _ = outbox.conclude(id: entry.id, .again, now: now)
                loginLost()
            case .conflict: _ = outbox.conclude(id: entry.id, .outOfOrder, now: now)
            case .overloaded, .unavailable, .internal: _ = outbox.conclude(id: entry.id, .later, now: now)
            default: refuse(entry, Self.error(response))
            }
        }
        proceed()
    }

    private func receipt(_ entry: OutboxEntry, _ body: ByteBuffer, now: NIODeadline) {
        guard let reply = try? IMSendReply(serializedBytes: Array(body.readableBytesView)) else {
            _ = outbox.conclude(id: entry.id, .later, now: now)
            return
        }
        let step = timeline.applySent(previous: reply.previousSeq, seq: reply.seq, now: now)
        settle(
            entry, serverID: reply.serverID, seq: reply.seq, timeMilliseconds: Int64(clamping: reply.serverTimeMs),
            now: now)
        apply(step)
    }

    /// The message is on the server's disk.
    private func settle(
        _ entry: OutboxEntry, serverID: UInt64, seq: UInt64, timeMilliseconds: Int64, now: NIODeadline
    ) {
        guard outbox.conclude(id: entry.id, .settled, now: now) != nil else { return }
        let latency = startedAt.removeValue(forKey: entry.id).map { now - $0 }
        let receipt = SentReceipt(
            id: entry.id, to: entry.to, serverID: serverID, seq: seq, timeMilliseconds: timeMilliseconds,
            latency: latency)
        sentMemory.insert(receipt)
        let message = ChatMessage(
            from: user ?? "", to: entry.to, body: entry.body, seq: seq, serverID: serverID,
            timeMilliseconds: timeMilliseconds, id: entry.id)
        history.insert(message, peer: entry.to)
        store { batch in
            batch.delete(StateKey.outbox(entry.number))
            if seq > 0 { batch.put(HistoryRecord.key(peer: entry.to, seq: seq), HistoryRecord.encode(message)) }
        }
        if undurable.contains(entry.id) {
            earlyReceipts[entry.id] = receipt
        } else {
            emit(.sent(receipt))
        }
    }

    private func refuse(_ entry: OutboxEntry, _ error: IMClientError) {
        guard outbox.conclude(id: entry.id, .settled, now: .now()) != nil else { return }
        startedAt[entry.id] = nil
        store { $0.delete(StateKey.outbox(entry.number)) }
        emit(.failed(id: entry.id, error))
    }

    // MARK: The timeline

    private func notified(_ body: ByteBuffer) {
        guard let notify = try? IMNotify(serializedBytes: Array(body.readableBytesView)) else { return pull() }
        apply(timeline.apply(notify, now: .now()))
    }

    /// Asks for everything after the sync key.
    func pull() {
        guard login == .done, !isClosed else { return }
        guard !isPulling else {
            pullAgain = true
            return
        }
        isPulling = true
        pullAgain = false
        timeline.pullBegan()
        var request = IMSyncRequest()
        request.key = Data(timeline.serializedKey)
        request.window = Self.syncWindow
        ask(.sync, request) { [self] result in
            isPulling = false
            pulled(result)
        }
    }

    private func pulled(_ result: Result<Response, ClientError>) {
        switch result {
        case .failure(.closed): return
        case .failure: retryLater()
        case .success(let response):
            switch Status(rawValue: response.status) {
            case .ok:
                guard let reply = try? IMSyncReply(serializedBytes: Array(response.body.readableBytesView)) else {
                    return retryLater()
                }
                let step = timeline.apply(reply, now: .now())
                apply(step)
                if !step.needsPull, !pullAgain { announceSynced() }
                if pullAgain { pull() }
            case .resync:
                timeline.resync()
                pull()
            case .unauthenticated: loginLost()
            default: retryLater()
            }
        }
    }

    private func announceSynced() {
        let seq = timeline.seq
        // Behind the messages that are on their way through the journal.
        journal.write(BitcaskBatch(), durable: false) { [self] _ in emit(.synced(seq: seq)) }
    }

    /// Stores a step's items and the key in one batch, then tells of them.
    private func apply(_ step: Timeline.Step) {
        if step.keyMoved || !step.items.isEmpty {
            var batch = BitcaskBatch()
            let news = step.items.compactMap { item in take(item, into: &batch) }
            batch.put(StateKey.syncKey, timeline.serializedKey)
            if !news.isEmpty || journal.isPersistent {
                journal.write(batch, durable: false) { [self] failure in
                    if let failure { emit(.storageFailed(failure.description)) }
                    for event in news { emit(event) }
                }
            }
        }
        if step.needsPull { pull() }
        scheduleTimer()
    }

    /// Adds an item to the batch; returns what there is to tell of it.
    private func take(_ item: IMItem, into batch: inout BitcaskBatch) -> IMClientEvent? {
        let owner = user ?? ""
        switch item.kind {
        case .readReceipt:
            guard item.from != owner, item.readUpToServerID > readBy[item.from] ?? 0 else { return nil }
            readBy[item.from] = item.readUpToServerID
            batch.put(StateKey.read(by: item.from), StateKey.bytes(item.readUpToServerID))
            return .read(peer: item.from, upToServerID: item.readUpToServerID)
        case .message:
            let message = ChatMessage(
                from: item.from, to: item.to.isEmpty ? owner : item.to, body: item.body, seq: item.seq,
                serverID: item.serverID, timeMilliseconds: Int64(clamping: item.serverTimeMs),
                id: item.fromDevice == device ? item.clientMessageID : "")
            if item.from == owner, item.fromDevice == device {
                // The receipt of this message was lost with an earlier session or process; this is as good.
                if let entry = outbox.entries.first(where: { $0.id == item.clientMessageID }) {
                    settle(
                        entry, serverID: item.serverID, seq: item.seq, timeMilliseconds: message.timeMilliseconds,
                        now: .now())
                    return nil
                }
                history.insert(message, peer: message.to)
                batch.put(HistoryRecord.key(peer: message.to, seq: item.seq), HistoryRecord.encode(message))
                return nil
            }
            let peer = message.peer(of: owner)
            history.insert(message, peer: peer)
            batch.put(HistoryRecord.key(peer: peer, seq: item.seq), HistoryRecord.encode(message))
            return .message(message)
        case .UNRECOGNIZED:
            return nil
        }
    }

    // MARK: Reading

    /// Tells `peer` that its messages up to `seq` of our timeline were read.
    func markRead(peer: String, upTo seq: UInt64, completion: @escaping (IMClientError?) -> Void) {
        guard user != nil else { return completion(.notLoggedIn) }
        var request = IMReadRequest()
        request.peer = peer
        request.upToSeq = seq
        ask(.read, request, lane: Lane.key(of: peer)) { result in
            switch result {
            case .success(let response): completion(response.isSuccess ? nil : Self.error(response))
            case .failure(let error): completion(.connection(error))
            }
        }
    }

    /// The newest messages with `peer`, oldest first, then those that wait.
    func history(with peer: String, limit: Int, completion: @escaping ([HistoryEntry]) -> Void) {
        guard journal.isPersistent else {
            return completion(marked(history.newest(limit, peer: peer), peer: peer, limit: limit))
        }
        journal.read { store throws(BitcaskError) in
            try store.scan(prefix: HistoryRecord.prefix(peer: peer), limit: limit, order: .descending)
                .reversed().compactMap { HistoryRecord.decode($0.value) }
        } completion: { [self] stored in
            completion(marked(stored ?? [], peer: peer, limit: limit))
        }
    }

    private func marked(_ messages: [ChatMessage], peer: String, limit: Int) -> [HistoryEntry] {
        let waiting = outbox.entries.filter { $0.to == peer }.map { entry in
            HistoryEntry(
                message: ChatMessage(
                    from: user ?? "", to: peer, body: entry.body, seq: 0, serverID: 0,
                    timeMilliseconds: entry.timeMilliseconds, id: entry.id), mark: .queued)
        }
        let read = readBy[peer] ?? 0
        let stored = messages.map { message in
            HistoryEntry(
                message: message, mark: message.from == user ? (message.serverID <= read ? .read : .sent) : nil)
        }
        return (stored + waiting).suffix(limit)
    }

    // MARK: Ending

    /// Calls back when nothing of ours waits for the server.
    func whenFlushed(_ body: @escaping () -> Void) {
        whenFlushed.append(body)
        flushIfEmpty()
    }

    private func flushIfEmpty() {
        guard outbox.isEmpty, undurable.isEmpty, !whenFlushed.isEmpty else { return }
        let waiting = whenFlushed
        whenFlushed = []
        for body in waiting { body() }
    }

    var queuedCount: Int { outbox.count }
    var deviceName: String { device }

    // MARK: Timers

    private func retryLater() {
        let due = NIODeadline.now() + Self.retryPause
        retryAt = min(retryAt ?? due, due)
        scheduleTimer()
    }

    private func scheduleTimer() {
        guard !isClosed else { return }
        let departure = login == .done ? outbox.nextDeparture(after: .now()) : nil
        timer?.set([retryAt, departure, timeline.pullDue].compactMap(\.self).min())
    }

    private func timeoutIsDue() {
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

    private func ask(
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

    private func store(_ fill: (inout BitcaskBatch) -> Void) {
        guard journal.isPersistent else { return }
        var batch = BitcaskBatch()
        fill(&batch)
        journal.write(batch, durable: false) { [self] failure in
            if let failure { emit(.storageFailed(failure.description)) }
        }
    }

    private func emit(_ event: IMClientEvent) { onEvent(event) }

    private static func error(_ response: Response) -> IMClientError {
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
    fileprivate mutating func set(_ key: [UInt8], _ value: [UInt8]?) {
        if let value { put(key, value) } else { delete(key) }
    }
}
