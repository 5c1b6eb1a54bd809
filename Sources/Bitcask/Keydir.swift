import CInstructions
import Glibc
import Synchronization

/// Every key with the place of its newest record: 256 small hash tables over an arena of keys.
///
/// Without the key an entry costs 10 bytes in the arena, up to 7 of alignment, and 8 in a table that is between 57 and 80 %
/// full. Each table grows by itself when it is full, so no write waits for more than a 256th of the whole.
///
/// `@unchecked Sendable`: lookups run on any thread inside an `Epochs` visit and touch only atomics and published memory;
/// everything else runs under the store's lock.
final class Keydir: @unchecked Sendable {
    typealias Handle = KeyArena.Handle

    private static let segments = 256
    private static let smallestCapacity = 8

    /// What a table holds, removals included, and how much of it lives.
    private struct Fill {
        var used = 0
        var live = 0
    }

    let arena: KeyArena
    private let hash = KeyHash(seed: .random(in: 0 ... .max))
    private let tables: UnsafeMutablePointer<Atomic<UInt>>
    private var fills = [Fill](repeating: Fill(), count: segments)
    private let epochs: Epochs
    /// Out of readers' reach since the last exchange, oldest first.
    private var retired: [(stamp: Int, what: Retired)] = []
    /// The same from before it: freed up to `freed`.
    private var leaving: [(stamp: Int, what: Retired)] = []
    private var freed = 0
    /// Freed at most by one call: tens of microseconds, though one deletion of a prefix may retire millions.
    private static let freedAtOnce = 256

    private enum Retired {
        case table(UnsafeMutableRawPointer)
        case entry(Handle)
    }

    /// Entries, with or without a location.
    private(set) var count = 0

    init(epochs: Epochs) throws(BitcaskError) {
        self.epochs = epochs
        arena = try KeyArena()
        guard let memory = calloc(Self.segments, MemoryLayout<Atomic<UInt>>.stride) else { throw .outOfMemory }
        tables = memory.bindMemory(to: Atomic<UInt>.self, capacity: Self.segments)
    }

    deinit {
        for entry in leaving[freed...] + retired[...] {
            if case .table(let memory) = entry.what { free(memory) }
        }
        for segment in 0..<Self.segments { if let table = table(segment) { free(table.memory) } }
        free(tables)
    }

    @inline(__always)
    private func table(_ segment: Int) -> KeyTable? {
        UnsafeMutableRawPointer(bitPattern: tables[segment].load(ordering: .acquiring)).map(KeyTable.init(memory:))
    }

    @inline(__always)
    private static func place(_ hash: UInt64) -> (segment: Int, tag: UInt32) {
        (Int(hash >> 56), UInt32(truncatingIfNeeded: hash))
    }

    // MARK: Any thread, inside a visit

    /// The handle of the key's entry.
    @inline(__always)
    func find(_ key: UnsafeRawBufferPointer) -> Handle? {
        let (segment, tag) = Self.place(hash.hash(key))
        return table(segment)?.find(key, tag: tag, in: arena)?.handle
    }

    /// Begins to fetch what `find` will look at, for whoever looks many keys up.
    @inline(__always)
    func prefetch(_ key: UnsafeRawBufferPointer) {
        let (segment, tag) = Self.place(hash.hash(key))
        guard let table = table(segment) else { return }
        godwit_prefetch(table.words + KeyTable.home(tag, table.capacity))
    }

    /// The key's location; absent when there is none.
    @inline(__always)
    func location(of key: UnsafeRawBufferPointer) -> Location {
        guard let handle = find(key) else { return .absent }
        return arena.location(handle)
    }

    // MARK: The writer

    /// Inserting the key, and with it all those that it is among, cannot fail from here on.
    ///
    /// - Parameters:
    ///   - among: How many keys will be inserted, this one included.
    ///   - bytes: What the keys have in all.
    @inline(__always)
    func makeRoom(for key: UnsafeRawBufferPointer, among keys: Int = 1, bytes: Int? = nil) throws(BitcaskError) {
        try arena.makeRoom(keys: keys, bytes: bytes ?? key.count)
        let (segment, _) = Self.place(hash.hash(key))
        guard !hasRoom(segment, keys) else { return }
        try rebuild(segment, capacity: max(Self.smallestCapacity, (fills[segment].live + keys - 1) * 7 / 4 + 2))
    }

    @inline(__always)
    private func hasRoom(_ segment: Int, _ keys: Int) -> Bool {
        guard let table = table(segment) else { return false }
        return (fills[segment].used &+ keys) &* 5 <= table.capacity &* 4
    }

    /// Adds an entry for a key that has none; `makeRoom` was called for it.
    func insert(_ key: UnsafeRawBufferPointer, _ location: Location) -> Handle {
        let (segment, tag) = Self.place(hash.hash(key))
        let handle = arena.insert(key, location)
        guard let table = table(segment) else { preconditionFailure("no room was made for the key") }
        table.insert(KeyTable.word(tag, handle))
        fills[segment].used += 1
        fills[segment].live += 1
        count += 1
        return handle
    }

    /// Takes a key's entry out.
    func remove(_ key: UnsafeRawBufferPointer) {
        let (segment, tag) = Self.place(hash.hash(key))
        guard let table = table(segment), let (slot, handle) = table.find(key, tag: tag, in: arena) else { return }
        table.words[slot].store(KeyTable.removed, ordering: .releasing)
        fills[segment].live -= 1
        count -= 1
        retire(.entry(handle))
    }

    /// Makes room for so many keys at once, before any is there.
    func reserve(_ keys: Int) throws(BitcaskError) {
        let share = keys / Self.segments + keys / (Self.segments * 16) + Self.smallestCapacity
        for segment in 0..<Self.segments where (table(segment)?.capacity ?? 0) * 4 / 5 < share {
            try rebuild(segment, capacity: share * 5 / 4 + 1)
        }
    }

    private func rebuild(_ segment: Int, capacity: Int) throws(BitcaskError) {
        let next = try KeyTable(capacity: capacity)
        let before = table(segment)
        if let before {
            for slot in 0..<before.capacity {
                let word = before.words[slot].load(ordering: .relaxed)
                if Handle(truncatingIfNeeded: word) != 0 { next.insert(word) }
            }
        }
        fills[segment].used = fills[segment].live
        tables[segment].store(UInt(bitPattern: next.memory), ordering: .releasing)
        if let before { retire(.table(before.memory)) }
    }

    private func retire(_ what: Retired) {
        retired.append((epochs.stamp, what))
        if retired.count &+ leaving.count &- freed >= 64 { reclaim() }
    }

    /// Frees some of what no reader can reach any more; true when there may be more to free at once.
    @discardableResult
    func reclaim() -> Bool {
        if freed == leaving.count {
            leaving.removeAll(keepingCapacity: leaving.count <= 4_096)
            freed = 0
            swap(&leaving, &retired)
        }
        let end = min(leaving.count, freed + Self.freedAtOnce)
        while freed < end, epochs.isPast(leaving[freed].stamp) {
            switch leaving[freed].what {
            case .table(let memory): free(memory)
            case .entry(let handle): arena.release(handle)
            }
            freed += 1
        }
        return freed == end && (freed < leaving.count || !retired.isEmpty)
    }

    /// Slots that a lookup of the key looks at; nil when it is not there.
    func probes(of key: UnsafeRawBufferPointer) -> Int? {
        let (segment, tag) = Self.place(hash.hash(key))
        guard let table = table(segment), let (slot, _) = table.find(key, tag: tag, in: arena) else { return nil }
        let distance = slot - KeyTable.home(tag, table.capacity)
        return (distance < 0 ? distance + table.capacity : distance) + 1
    }

    /// Bytes of tables and entries.
    var memoryBytes: Int {
        (0..<Self.segments).reduce(arena.bytes) { $0 + (table($1)?.capacity ?? 0) * 8 }
    }
}
