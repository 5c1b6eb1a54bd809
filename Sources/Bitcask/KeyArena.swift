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
    /// Chunks made in advance, from `used.count` on.
    private var spare = 0
    private var free: [Int: [Handle]] = [:]

    init() throws(BitcaskError) {
        // Zero bytes are atomics of value zero.
        chunks = try ZeroedMemory.allocate(bytes: Self.chunkLimit * 8).bindMemory(
            to: Atomic<UInt>.self, capacity: Self.chunkLimit)
    }

    deinit {
        for index in 0..<used.count + spare { ZeroedMemory.free(chunk(index), bytes: Self.unitsPerChunk * 8) }
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

    /// Makes an entry that nobody sees yet; `makeRoom` was called for it.
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
        if lastRoom < units { beginChunk() }
        let last = used.count - 1
        defer { used[last] += units }
        return Handle(truncatingIfNeeded: last << 17 | used[last])
    }

    /// Units left in the last chunk.
    private var lastRoom: Int { used.isEmpty ? 0 : Self.unitsPerChunk - used[used.count - 1] }

    /// Entries whose keys have so many bytes in all cannot fail from here on.
    @inline(__always)
    func makeRoom(keys: Int, bytes: Int) throws(BitcaskError) {
        let units = bytes / 8 + keys * Self.units(8)
        if units > lastRoom, spare == 0 || units > Self.surelyTaken { try addChunks(units) }
    }

    /// What surely fits an empty chunk, however much the largest key leaves unused at its end.
    private static let surelyTaken = unitsPerChunk - units(RecordHeader.maximumKeyBytes)

    private func addChunks(_ units: Int) throws(BitcaskError) {
        while spare * Self.surelyTaken < units {
            guard used.count + spare < Self.chunkLimit else { throw .tooManyKeys(gibibytes: Self.chunkLimit >> 10) }
            let memory = try ZeroedMemory.allocate(bytes: Self.unitsPerChunk * 8)
            chunks[used.count + spare].store(UInt(bitPattern: memory), ordering: .releasing)
            spare += 1
        }
    }

    private func beginChunk() {
        precondition(spare > 0, "no room was made for the key")
        spare -= 1
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
