import IMMessages
import IMRouting
import IMSync

/// Gathers what one group commit appended, so that each session hears of it once.
struct NotifyCollector {
    private struct Entry {
        let item: IMItem
        let origin: SessionAddress?
    }

    private var users: [String] = []
    private var entries: [String: [Entry]] = [:]

    /// - Parameter origin: the session that sent the item, which learns its place from the reply.
    mutating func add(_ appended: Timeline.Appended, origin: SessionAddress?) {
        if entries[appended.user] == nil { users.append(appended.user) }
        entries[appended.user, default: []].append(Entry(item: appended.item, origin: origin))
    }

    /// The pushes for everything gathered.
    mutating func take(for registry: SessionRegistry) -> [CoreOutput] {
        defer {
            users.removeAll(keepingCapacity: true)
            entries.removeAll(keepingCapacity: true)
        }
        return users.flatMap { pushes(to: $0, registry) }
    }

    private func pushes(to user: String, _ registry: SessionRegistry) -> [CoreOutput] {
        let appended = entries[user] ?? []
        // Whose own items are all of them needs no notify; with others' among them it gets all, without a gap.
        let sessions = registry.sessions(of: user).map(\.session)
            .filter { session in !appended.allSatisfy { $0.origin == session } }
        guard !sessions.isEmpty, let body = try? NotifyBody.make(appended.map(\.item)) else { return [] }
        return sessions.map { .push($0, command: UInt32(IMCommand.notify.rawValue), body: body) }
    }
}
