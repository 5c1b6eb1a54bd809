import Glibc
import Synchronization

/// The keys with their locations, packed one after the other in chunks of a mebibyte that are never moved.
///
/// An entry is the location's word (8 bytes, atomic), the key's length (2 bytes), the key, and up to 7 bytes to the next
/// multiple of 8. Its handle is its place in units of 8 bytes: 32 bits reach 32 GiB of entries. Freed entries are
/// kept in lists by size for the next key that fits.
///
/// `@unchecked Sendable`: one writer calls what mutates (under the store's lock). Readers reach an entry only through a
/// handle that was published after the entry was complete, and only its atomic word changes before the epoch has passed
/// in which it was unlinked.
final class KeyArena: @unchecked Sendable {
    typealias Handle = UInt32

    private static let unitsPerChunk = 1 << 17
    private static let chunkLimit = 1 << 15
    private static let fixedLength = 10

    private let chunks: UnsafeMutablePointer<Atomic<UInt>>
    /// Units in use of each chunk, for walks.
    private var used: [Int] = []
    private var free: [Int: [Handle]] = [:]

    init() {
        // Zero bytes are atomics of value zero.
        chunks = ZeroedMemory.allocate(bytes: Self.chunkLimit * 8).bindMemory(
            to: Atomic<UInt>.self, capacity: Self.chunkLimit)
    }

    deinit {
        for index in used.indices { ZeroedMemory.free(chunk(index), bytes: Self.unitsPerChunk * 8) }
        ZeroedMemory.free(chunks, bytes: Self.chunkLimit * 8)
    }

    // MARK: Entries

    @inline(__always)
    private func chunk(_ index: Int) -> UnsafeMutableRawPointer {
        // A handle leads to a chunk that is there, so the word is a pointer.
        UnsafeMutableRawPointer(bitPattern: chunks[index].load(ordering: .acquiring)).unsafelyUnwrapped
    }

    @inline(__always)
    private func entry(_ handle: Handle) -> UnsafeMutableRawPointer {
        chunk(Int(handle >> 17)) + Int(handle & 0x1_ffff) &* 8
    }

    @inline(__always)
    private func word(_ entry: UnsafeMutableRawPointer) -> UnsafeMutablePointer<Atomic<UInt64>> {
        entry.assumingMemoryBound(to: Atomic<UInt64>.self)
    }

    @inline(__always)
    func location(_ handle: Handle) -> Location {
        Location(word: word(entry(handle)).pointee.load(ordering: .acquiring))
    }

    /// Publishes a new location: what it leads to must be complete.
    @inline(__always)
    func setLocation(_ handle: Handle, _ location: Location) {
        word(entry(handle)).pointee.store(location.word, ordering: .releasing)
    }

    @inline(__always)
    func key(_ handle: Handle) -> UnsafeRawBufferPointer {
        let entry = entry(handle)
        return UnsafeRawBufferPointer(
            start: entry + Self.fixedLength, count: Int(entry.load(fromByteOffset: 8, as: UInt16.self)))
    }

    @inline(__always)
    func holds(_ handle: Handle, _ key: UnsafeRawBufferPointer) -> Bool {
        let own = self.key(handle)
        guard own.count == key.count else { return false }
        guard let left = own.baseAddress, let right = key.baseAddress else { return true }
        return memcmp(left, right, own.count) == 0
    }

    // MARK: The writer's side

    /// Makes an entry that nobody sees yet.
    func insert(_ key: UnsafeRawBufferPointer, _ location: Location) -> Handle {
        let units = Self.units(key.count)
        let handle = take(units)
        let entry = entry(handle)
        word(entry).pointee.store(location.word, ordering: .relaxed)
        entry.storeBytes(of: UInt16(truncatingIfNeeded: key.count), toByteOffset: 8, as: UInt16.self)
        if let base = key.baseAddress { (entry + Self.fixedLength).copyMemory(from: base, byteCount: key.count) }
        return handle
    }

    /// Gives an entry's room back; no reader may still look at it.
    func release(_ handle: Handle) {
        word(entry(handle)).pointee.store(0, ordering: .relaxed)
        free[Self.units(key(handle).count), default: []].append(handle)
    }

    private static func units(_ keyLength: Int) -> Int { (fixedLength + keyLength + 7) / 8 }

    private func take(_ units: Int) -> Handle {
        if !free.isEmpty, let handle = free[units]?.popLast() { return handle }
        if used.isEmpty || used[used.count - 1] + units > Self.unitsPerChunk { addChunk() }
        let last = used.count - 1
        defer { used[last] += units }
        return Handle(truncatingIfNeeded: last << 17 | used[last])
    }

    private func addChunk() {
        guard used.count < Self.chunkLimit else { fatalError("more than 32 GiB of keys") }
        let memory = ZeroedMemory.allocate(bytes: Self.unitsPerChunk * 8)
        chunks[used.count].store(UInt(bitPattern: memory), ordering: .releasing)
        // Handle 0 means none.
        used.append(used.isEmpty ? 1 : 0)
    }

    // MARK: Walking

    /// Behind the last entry, as a walk's position.
    var end: UInt64 { used.isEmpty ? 0 : UInt64((used.count - 1) << 17 | used[used.count - 1]) }

    /// The entry at or behind `position`, which moves behind it; freed entries are met as well, with no location.
    func next(_ position: inout UInt64) -> Handle? {
        var index = Int(position >> 17)
        var unit = max(Int(position & 0x1_ffff), index == 0 ? 1 : 0)
        while index < used.count, unit >= used[index] {
            index += 1
            unit = 0
        }
        guard index < used.count else { return nil }
        let handle = Handle(truncatingIfNeeded: index << 17 | unit)
        let next = unit + Self.units(key(handle).count)
        // A chunk used to its last unit ends where the next begins.
        position = UInt64(index << 17 + next)
        return handle
    }

    /// Chunks so far, for tables kept beside them.
    var chunkCount: Int { used.count }
    /// Bytes of the chunks' entries.
    var bytes: Int { used.reduce(0, +) * 8 }
}
