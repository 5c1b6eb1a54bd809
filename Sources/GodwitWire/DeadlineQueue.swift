import NIOCore

/// Things by their deadlines. Most come in the order of their deadlines, so a sorted array does: the earliest is at its end.
package struct DeadlineQueue: Sendable {
    @usableFromInline struct Entry {
        @usableFromInline let deadline: NIODeadline
        let id: UInt64
    }

    @usableFromInline var entries: ContiguousArray<Entry> = []

    package init() {}

    package var count: Int { entries.count }
    @inlinable package var earliest: NIODeadline? { entries.last?.deadline }

    package mutating func insert(_ id: UInt64, deadline: NIODeadline) {
        var index = 0
        while index < entries.count, entries[index].deadline > deadline { index += 1 }
        entries.insert(Entry(deadline: deadline, id: id), at: index)
    }

    /// Nothing happens if it is not here.
    package mutating func remove(_ id: UInt64, deadline: NIODeadline) {
        // Binary search for the deadline, then along those that share it.
        var low = 0
        var high = entries.count
        while low < high {
            let middle = (low + high) / 2
            if entries[middle].deadline > deadline { low = middle + 1 } else { high = middle }
        }
        while low < entries.count, entries[low].deadline == deadline {
            if entries[low].id == id {
                entries.remove(at: low)
                return
            }
            low += 1
        }
    }

    /// Takes out one whose deadline has passed.
    package mutating func popLate(now: NIODeadline) -> UInt64? {
        guard let last = entries.last, last.deadline <= now else { return nil }
        return entries.removeLast().id
    }

    package mutating func removeAll() { entries.removeAll() }
}
