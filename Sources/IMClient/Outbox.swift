import NIOCore

/// The messages that the server has not acknowledged, in the order sent. Decides what goes out next; pure.
///
/// Several are under way at a time. Order within a conversation rests on three things: the session's lane delivers in
/// order, each request names its unacknowledged predecessor so that the server refuses one that overtook it, and a
/// refused message goes again before any later one to the same peer.
struct Outbox {
    private enum Phase: Equatable {
        case waiting
        /// Refused because its predecessor is missing: goes only as the first of its conversation.
        case mustBeFirst
        case inFlight
    }

    private struct Item {
        let entry: OutboxEntry
        var phase: Phase
        var notBefore: NIODeadline
        var refusals = 0
    }

    /// One message to send now.
    struct Departure: Equatable {
        let entry: OutboxEntry
        /// The unacknowledged message before it in the conversation.
        let predecessor: String?
    }

    enum Verdict: Equatable {
        /// It is done with: acknowledged, or refused for good.
        case settled
        /// Try again at once, when the circumstances that failed it are over.
        case again
        /// Try again after a pause.
        case later
        /// Its predecessor is missing on the server.
        case outOfOrder
    }

    /// Waits after refusals for overload: first, and at most.
    static let firstPause: TimeAmount = .milliseconds(500)
    static let longestPause: TimeAmount = .seconds(15)

    let limit: Int
    let maximumInFlight: Int
    private var items: [Item] = []
    private var inFlight = 0

    init(limit: Int, maximumInFlight: Int) {
        self.limit = limit
        self.maximumInFlight = maximumInFlight
    }

    var isEmpty: Bool { items.isEmpty }
    var isFull: Bool { items.count >= limit }
    var count: Int { items.count }
    var entries: [OutboxEntry] { items.map(\.entry) }

    func contains(id: String) -> Bool { items.contains { $0.entry.id == id } }

    /// Entries come with rising numbers.
    mutating func append(_ entry: OutboxEntry, now: NIODeadline) {
        items.append(Item(entry: entry, phase: .waiting, notBefore: now))
    }

    /// What may go now; each is under way afterwards.
    mutating func depart(now: NIODeadline) -> [Departure] {
        var departures: [Departure] = []
        var lastOfPeer: [String: String] = [:]
        var heldPeers: Set<String> = []
        for index in items.indices where inFlight < maximumInFlight {
            let item = items[index]
            let peer = item.entry.to
            defer { lastOfPeer[peer] = item.entry.id }
            guard item.phase != .inFlight, !heldPeers.contains(peer) else { continue }
            let predecessor = lastOfPeer[peer]
            guard item.notBefore <= now, item.phase == .waiting || predecessor == nil else {
                heldPeers.insert(peer)
                continue
            }
            items[index].phase = .inFlight
            inFlight += 1
            departures.append(Departure(entry: item.entry, predecessor: predecessor))
        }
        return departures
    }

    /// What became of a message under way. Returns the entry when this settled it.
    mutating func conclude(id: String, _ verdict: Verdict, now: NIODeadline) -> OutboxEntry? {
        guard let index = items.firstIndex(where: { $0.entry.id == id }) else { return nil }
        if items[index].phase == .inFlight { inFlight -= 1 }
        switch verdict {
        case .settled:
            return items.remove(at: index).entry
        case .again:
            items[index].phase = .waiting
        case .outOfOrder:
            items[index].phase = .mustBeFirst
        case .later:
            items[index].phase = .waiting
            let pause = Self.firstPause.nanoseconds << min(items[index].refusals, 10)
            items[index].refusals += 1
            items[index].notBefore = now + .nanoseconds(min(pause, Self.longestPause.nanoseconds))
        }
        return nil
    }

    /// When `depart` may have something again that it has not now; nil when only an event can change that.
    func nextDeparture(after now: NIODeadline) -> NIODeadline? {
        items.lazy.filter { $0.phase != .inFlight && $0.notBefore > now }.map(\.notBefore).min()
    }
}
