import Bitcask
import GodwitClient

/// What a state directory held when it was opened.
struct SavedState {
    var device: String?
    var user: String?
    var token: [UInt8]?
    var connection = SavedClientState()
    var syncKey: [UInt8]?
    var nextNumber: UInt64 = 1
    var outbox: [OutboxEntry] = []
    /// How far each peer has read our messages, as a server id.
    var readBy: [String: UInt64] = [:]

    init() {}

    init(reading store: Bitcask) throws(BitcaskError) {
        device = try store.get(StateKey.device).map { String(decoding: $0, as: UTF8.self) }
        user = try store.get(StateKey.user).map { String(decoding: $0, as: UTF8.self) }
        token = try store.get(StateKey.token)
        connection = SavedClientState(
            ticket: try store.get(StateKey.ticket), failures: try store.get(StateKey.failures),
            server: try store.get(StateKey.server))
        syncKey = try store.get(StateKey.syncKey)
        nextNumber = try store.get(StateKey.nextNumber).flatMap { StateKey.number($0) } ?? 1
        for entry in try store.scan(prefix: StateKey.outboxPrefix) {
            guard let number = StateKey.number(entry.key.dropFirst(StateKey.outboxPrefix.count)),
                let message = OutboxEntry(number: number, decoding: entry.value)
            else { continue }
            outbox.append(message)
            nextNumber = max(nextNumber, number + 1)
        }
        for entry in try store.scan(prefix: StateKey.readPrefix) {
            let peer = String(decoding: entry.key.dropFirst(StateKey.readPrefix.count), as: UTF8.self)
            readBy[peer] = StateKey.number(entry.value)
        }
    }
}
