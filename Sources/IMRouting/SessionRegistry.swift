/// The sessions of the users of one shard. The shard's writer thread owns it, so that what is appended to a timeline
/// and who hears of it are decided in one place and in one order.
package struct SessionRegistry {
    /// One attached session.
    package struct Entry: Equatable, Sendable {
        package let session: SessionAddress
        package let device: String
    }

    /// What `attach` did.
    package enum Attachment: Equatable, Sendable {
        case attached
        case alreadyAttached
        /// The user had its fill of sessions: the one attached longest ago was let go and hears no more notifies.
        case displaced(SessionAddress)
    }

    private let sessionsPerUserMax: Int
    private var entries: [String: [Entry]] = [:]
    /// All attached sessions of the shard.
    package private(set) var count = 0

    /// - Parameter sessionsPerUserMax: at least 1.
    package init(sessionsPerUserMax: Int) {
        self.sessionsPerUserMax = max(1, sessionsPerUserMax)
    }

    /// In the order of attachment.
    package func sessions(of user: String) -> [Entry] {
        entries[user] ?? []
    }

    /// Idempotent; a session that comes back as another device of the user changes its entry.
    package mutating func attach(_ session: SessionAddress, as principal: Principal) -> Attachment {
        let entry = Entry(session: session, device: principal.device)
        var list = entries.removeValue(forKey: principal.user) ?? []
        defer { entries[principal.user] = list }
        if let index = list.firstIndex(where: { $0.session == session }) {
            list[index] = entry
            return .alreadyAttached
        }
        list.append(entry)
        guard list.count > sessionsPerUserMax else {
            count += 1
            return .attached
        }
        return .displaced(list.removeFirst().session)
    }

    /// False when it was not attached.
    @discardableResult
    package mutating func detach(_ session: SessionAddress, of user: String) -> Bool {
        guard var list = entries.removeValue(forKey: user) else { return false }
        let before = list.count
        list.removeAll { $0.session == session }
        count -= before - list.count
        if !list.isEmpty { entries[user] = list }
        return list.count < before
    }

    /// Detaches every session that is logged in as this device, and returns them.
    package mutating func detachAll(_ principal: Principal) -> [SessionAddress] {
        guard var list = entries.removeValue(forKey: principal.user) else { return [] }
        let gone = list.filter { $0.device == principal.device }.map(\.session)
        list.removeAll { $0.device == principal.device }
        count -= gone.count
        if !list.isEmpty { entries[principal.user] = list }
        return gone
    }
}
