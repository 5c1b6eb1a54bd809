/// What open snapshots see where the keydir has gone on.
///
/// Nothing is copied when a snapshot is taken. From then on the first change of each key leaves what was before in the newest
/// snapshot's book; an older snapshot finds a key in its own book, else in those after it, else in the keydir. While any
/// snapshot is open, deleted keys keep their entry, without a location.
///
/// When a snapshot ends while older ones are open, its book is handed down to the one before it, some notes at a time. It stays
/// in its place meanwhile, so older ones find in either book what is on its way; the newest book takes notes even then.
struct SnapshotBook {
    typealias Handle = KeyArena.Handle

    private struct Book {
        let number: UInt64
        var isOver = false
        var before = LocationNotes()
    }

    /// Oldest first, and that one is open.
    private var books: [Book] = []
    private(set) var latest: UInt64 = 0
    /// Entries that were deleted while a snapshot was open, some more than once. They go while none is open.
    var ghosts: [Handle] = []

    var isEmpty: Bool { books.isEmpty }
    /// Open ones.
    var count: Int { books.count { !$0.isOver } }
    /// The number of the oldest open snapshot.
    var oldest: UInt64? { books.first?.number }

    mutating func take() -> UInt64 {
        latest += 1
        books.append(Book(number: latest))
        return latest
    }

    /// A key's location is about to change.
    @inline(__always)
    mutating func note(_ handle: Handle, _ before: Location) {
        if !books.isEmpty { books[books.count - 1].before.add(handle, before) }
    }

    /// Where a snapshot sees a key whose location is `current` now.
    func resolve(_ handle: Handle, _ current: Location, in number: UInt64) -> Location {
        for book in books where book.number >= number {
            if let before = book.before[handle] { return before }
        }
        return current
    }

    /// Ends a snapshot. What it returns nobody looks at any more; to free it takes time, so do it without the lock.
    mutating func end(_ number: UInt64) -> [LocationNotes] {
        guard let index = books.firstIndex(where: { $0.number == number }) else { return [] }
        books[index].isOver = true
        let over = books.prefix { $0.isOver }.map(\.before)
        books.removeFirst(over.count)
        return over
    }

    /// Hands up to `limit` notes of ended snapshots down; false when there is none.
    mutating func handDown(limit: Int) -> Bool {
        // The oldest is open, so one that is over has one before it.
        guard let index = books.firstIndex(where: { $0.isOver }) else { return false }
        for _ in 0..<limit {
            guard let (handle, location) = books[index].before.takeAny() else {
                books.remove(at: index)
                break
            }
            // An older note of the same entry is what older snapshots see.
            books[index - 1].before.add(handle, location)
        }
        return true
    }
}
