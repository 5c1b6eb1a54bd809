import Bitcask
import GodwitClient
import GodwitWire
import IMMessages
import NIOCore
import SwiftProtobuf

#if canImport(FoundationEssentials)
import FoundationEssentials
#else
import Foundation
#endif

/// What the server pushed or was asked for, applied once and in order.
extension IMCore {
    func notified(_ body: ByteBuffer) {
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
            flushIfEmpty()
        }
    }

    func pulled(_ result: Result<Response, ClientError>) {
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

    func announceSynced() {
        let seq = timeline.seq
        // Behind the messages that are on their way through the journal.
        journal.write(BitcaskBatch(), durable: false) { [self] _ in emit(.synced(seq: seq)) }
    }

    /// Stores a step's items and the key in one batch, then tells of them.
    func apply(_ step: Timeline.Step) {
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
    func take(_ item: IMItem, into batch: inout BitcaskBatch) -> IMClientEvent? {
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
                let news: IMClientEvent? = message.to == owner ? .message(message) : nil
                // The receipt of this message was lost with an earlier session or process; this is as good.
                if let entry = outbox.entries.first(where: { $0.id == item.clientMessageID }) {
                    settle(
                        entry, serverID: item.serverID, seq: item.seq, timeMilliseconds: message.timeMilliseconds,
                        now: .now())
                    return news
                }
                history.insert(message, peer: message.to)
                batch.put(HistoryRecord.key(peer: message.to, seq: item.seq), HistoryRecord.encode(message))
                return news
            }
            let peer = message.peer(of: owner)
            history.insert(message, peer: peer)
            batch.put(HistoryRecord.key(peer: peer, seq: item.seq), HistoryRecord.encode(message))
            return .message(message)
        case .UNRECOGNIZED:
            return nil
        }
    }
}
