import Bitcask
import GodwitClient
import GodwitWire
import IMMessages

/// Read marks and history.
extension IMCore {
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

    func marked(_ messages: [ChatMessage], peer: String, limit: Int) -> [HistoryEntry] {
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
}
