/// What open snapshots see where the keydir has gone on.
///
/// Nothing is copied when a snapshot is taken. From then on the first change of each key leaves what was before in the newest
/// snapshot's book; an older snapshot finds a key in its own book, else in those after it, else in the keydir. While any
/// snapshot is open, deleted keys keep their entry, without a location.
struct SnapshotBook {
    typealias Handle = KeyArena.Handle

    private struct Book {
        let number: UInt64
        var before: [Handle: Location] = [:]
    }

    /// Oldest first.
    private var books: [Book] = []
    private(set) var latest: UInt64 = 0
    /// Entries that were deleted while a snapshot was open.
    var ghosts: [Handle] = []

    var isEmpty: Bool { books.isEmpty }
    var count: Int { books.count }
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
        if !books.isEmpty { enter(handle, before) }
    }

    private mutating func enter(_ handle: Handle, _ before: Location) {
        let last = books.count - 1
        if books[last].before[handle] == nil { books[last].before[handle] = before }
    }

    /// Where a snapshot sees a key whose location is `current` now.
    func resolve(_ handle: Handle, _ current: Location, in number: UInt64) -> Location {
        for book in books where book.number >= number {
            if let before = book.before[handle] { return before }
        }
        return current
    }

    mutating func release(_ number: UInt64) {
        guard let index = books.firstIndex(where: { $0.number == number }) else { return }
        let book = books.remove(at: index)
        // Older ones looked here for what changed between the two.
        guard index > 0 else { return }
        books[index - 1].before.merge(book.before) { older, _ in older }
    }
}
