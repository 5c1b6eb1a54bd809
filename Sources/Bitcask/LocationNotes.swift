/// Where entries' records were, in 256 tables: each grows and is freed by itself, so that no write waits for more than one of them.
struct LocationNotes {
    typealias Handle = KeyArena.Handle

    private static let tableCount = 256

    /// None before the first note.
    private var tables: [[Handle: Location]] = []
    private var count = 0
    /// Where `takeAny` looks first.
    private var next = 0

    subscript(handle: Handle) -> Location? {
        tables.isEmpty ? nil : tables[Self.table(of: handle)][handle]
    }

    /// Adds a note, unless there is one of this entry.
    mutating func add(_ handle: Handle, _ location: Location) {
        if tables.isEmpty { tables = [[Handle: Location]](repeating: [:], count: Self.tableCount) }
        let table = Self.table(of: handle)
        guard tables[table][handle] == nil else { return }
        tables[table][handle] = location
        count += 1
    }

    /// Takes any note out; nil when there is none.
    mutating func takeAny() -> (handle: Handle, location: Location)? {
        guard count > 0 else { return nil }
        while tables[next].isEmpty { next = (next + 1) % Self.tableCount }
        guard let note = tables[next].popFirst() else { return nil }
        if tables[next].isEmpty { tables[next] = [:] }
        count -= 1
        return (note.key, note.value)
    }

    /// Entries of one size lie at multiples of it, so the low bits alone would not spread them (Fibonacci hashing: Knuth, volume 3, 6.4).
    private static func table(of handle: Handle) -> Int { Int((handle &* 0x9e37_79b9) >> 24) }
}
