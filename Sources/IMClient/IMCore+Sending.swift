import Bitcask
import GodwitClient
import GodwitWire
import IMMessages
import NIOCore
import SwiftProtobuf

/// From the outbox to the server and back with a receipt.
extension IMCore {
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
    func proceed() {
        guard !isClosed else { return }
        if login == .done {
            for departure in outbox.depart(now: .now()) { dispatch(departure) }
        }
        scheduleTimer()
        flushIfEmpty()
    }

    func dispatch(_ departure: Outbox.Departure) {
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

    func sendAnswered(_ entry: OutboxEntry, _ result: Result<Response, ClientError>) {
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

    func receipt(_ entry: OutboxEntry, _ body: ByteBuffer, now: NIODeadline) {
        guard let reply = try? IMSendReply(serializedBytes: Array(body.readableBytesView)) else {
            _ = outbox.conclude(id: entry.id, .later, now: now)
            return
        }
        let step = timeline.applySent(
            previous: reply.previousSeq, seq: reply.seq, items: toOneself(entry, reply).map { [$0] } ?? [], now: now)
        settle(
            entry, serverID: reply.serverID, seq: reply.seq, timeMilliseconds: Int64(clamping: reply.serverTimeMs),
            now: now)
        apply(step)
    }

    /// The server does not push a message to the device that sent it, so one to its own user is made here.
    private func toOneself(_ entry: OutboxEntry, _ reply: IMSendReply) -> IMItem? {
        guard entry.to == user else { return nil }
        var item = IMItem()
        item.kind = .message
        item.seq = reply.seq
        item.serverID = reply.serverID
        item.serverTimeMs = reply.serverTimeMs
        item.from = entry.to
        item.fromDevice = device
        item.to = entry.to
        item.body = entry.body
        item.clientMessageID = entry.id
        return item
    }

    /// The message is on the server's disk.
    func settle(
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

    func refuse(_ entry: OutboxEntry, _ error: IMClientError) {
        guard outbox.conclude(id: entry.id, .settled, now: .now()) != nil else { return }
        startedAt[entry.id] = nil
        store { $0.delete(StateKey.outbox(entry.number)) }
        emit(.failed(id: entry.id, error))
    }
}
