/// The newest messages of the newest conversations, in memory. Bounded both ways.
struct RecentHistory {
    static let maximumConversations = 256

    let perConversation: Int
    private var conversations: [String: [ChatMessage]] = [:]
    /// Least recently touched first.
    private var order: [String] = []

    init(perConversation: Int) { self.perConversation = max(1, perConversation) }

    mutating func insert(_ message: ChatMessage, peer: String) {
        if order.last != peer {
            order.removeAll { $0 == peer }
            order.append(peer)
        }
        var messages = conversations[peer] ?? []
        // Nearly always at the end; a receipt of ours may come after a later message of the peer.
        let place = messages.lastIndex { $0.seq <= message.seq }.map { $0 + 1 } ?? 0
        if place > 0, messages[place - 1].seq == message.seq, message.seq > 0 {
            messages[place - 1] = message
        } else {
            messages.insert(message, at: place)
        }
        if messages.count > perConversation { messages.removeFirst(messages.count - perConversation) }
        conversations[peer] = messages
        if order.count > Self.maximumConversations {
            conversations[order.removeFirst()] = nil
        }
    }

    /// The newest `limit` messages, oldest of them first.
    func newest(_ limit: Int, peer: String) -> [ChatMessage] { (conversations[peer] ?? []).suffix(limit) }
}
