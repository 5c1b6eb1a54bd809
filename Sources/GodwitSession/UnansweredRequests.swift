/// The requests of this end that have no response yet, by their number on the wire. Bounded: the oldest is given up.
struct UnansweredRequests {
    private var ids: [UInt64: LocalID] = [:]

    var count: Int { ids.count }

    /// Gives back room that is empty.
    mutating func rest() {
        if ids.isEmpty { ids = [:] }
    }

    /// Returns the request that had to make room.
    mutating func insert(sequence: UInt64, id: LocalID, limit: Int) -> LocalID? {
        guard ids[sequence] == nil else { return nil }
        // A scan, but only for a peer that leaves thousands of requests unanswered. Lower numbers are older.
        var evicted: LocalID?
        if ids.count >= limit, let oldest = ids.keys.min() { evicted = ids.removeValue(forKey: oldest) }
        ids[sequence] = id
        return evicted
    }

    /// The request that this response answers; nil = answered already or given up.
    mutating func answer(sequence: UInt64) -> LocalID? { ids.removeValue(forKey: sequence) }

    /// Nobody waits for the response any more.
    mutating func forget(_ id: LocalID) {
        if let entry = ids.first(where: { $0.value == id }) { ids[entry.key] = nil }
    }

    /// Numbering starts again: the `kept` requests wait for new numbers. Returns the others, oldest first.
    mutating func renumber(kept: Set<LocalID>) -> [LocalID] {
        defer { ids = [:] }
        return Set(ids.values).subtracting(kept).sorted()
    }
}
