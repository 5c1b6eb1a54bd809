import HeapModule
import NIOCore

/// The deadlines of everything that one event loop owns.
///
/// Entries are never moved or removed: who gets an earlier deadline adds another entry and notes it, and who gets a later
/// one lets the old entry come up, finds that it is early, and adds itself again. Deadlines mostly move to later, at each packet, so
/// this costs next to nothing on the way of a packet, and about one entry is kept for each owner.
struct DeadlineHeap<Owner> {
    private struct Entry: Comparable {
        let deadline: NIODeadline
        let owner: Owner

        static func < (left: Entry, right: Entry) -> Bool { left.deadline < right.deadline }
        static func == (left: Entry, right: Entry) -> Bool { left.deadline == right.deadline }
    }

    private var entries = Heap<Entry>()

    var count: Int { entries.count }
    var earliest: NIODeadline? { entries.min?.deadline }

    mutating func add(_ owner: Owner, at deadline: NIODeadline) {
        entries.insert(Entry(deadline: deadline, owner: owner))
    }

    /// The earliest entry, if that is due. It is stale unless the owner still has this deadline noted as its earliest.
    mutating func popDue(now: NIODeadline) -> (owner: Owner, deadline: NIODeadline)? {
        guard let first = entries.min, first.deadline <= now else { return nil }
        entries.removeMin()
        return (first.owner, first.deadline)
    }
}
