import Glibc
import Synchronization

/// One segment of the keydir: open addressing with linear probing over words of `tag 32 | handle 32`.
///
/// The tag is part of the key's hash and also says where probing begins, in order: growing a table is one pass over the old
/// words, which needs no key. A word of 0 is empty; a handle of 0 with a tag is what a removal leaves.
///
/// Readers probe whatever table they loaded, which holds every entry that was published before; a table is freed when no
/// reader can have it any more.
struct KeyTable {
    typealias Words = UnsafeMutablePointer<Atomic<UInt64>>

    /// Capacity in the first word, then the slots.
    let memory: UnsafeMutableRawPointer

    static let removed: UInt64 = 1 << 32

    init(memory: UnsafeMutableRawPointer) {
        self.memory = memory
    }

    init(capacity: Int) throws(BitcaskError) {
        guard let memory = calloc(capacity + 1, 8) else { throw .outOfMemory }
        memory.storeBytes(of: UInt64(capacity), as: UInt64.self)
        self.memory = memory
    }

    @inline(__always)
    var capacity: Int { Int(truncatingIfNeeded: memory.load(as: UInt64.self)) }

    @inline(__always)
    var words: Words { (memory + 8).assumingMemoryBound(to: Atomic<UInt64>.self) }

    /// The tag's share of the table: in Swift `>>` binds tighter than `&*`.
    @inline(__always)
    static func home(_ tag: UInt32, _ capacity: Int) -> Int {
        Int(truncatingIfNeeded: (UInt64(tag) &* UInt64(truncatingIfNeeded: capacity)) >> 32)
    }

    static func word(_ tag: UInt32, _ handle: KeyArena.Handle) -> UInt64 { UInt64(tag) << 32 | UInt64(handle) }

    /// The slot of the key's word, or nil.
    @inline(__always)
    func find(
        _ key: UnsafeRawBufferPointer, tag: UInt32, in arena: KeyArena
    ) -> (slot: Int, handle: KeyArena.Handle)? {
        let capacity = capacity
        let words = words
        var slot = Self.home(tag, capacity)
        var left = capacity
        while left > 0 {
            let word = words[slot].load(ordering: .acquiring)
            if word == 0 { return nil }
            let handle = KeyArena.Handle(truncatingIfNeeded: word)
            if UInt32(truncatingIfNeeded: word >> 32) == tag, handle != 0, arena.holds(handle, key) {
                return (slot, handle)
            }
            slot &+= 1
            if slot == capacity { slot = 0 }
            left &-= 1
        }
        return nil
    }

    /// Enters a word where its probing ends; the table has room.
    func insert(_ word: UInt64) {
        let capacity = capacity
        let words = words
        var slot = Self.home(UInt32(truncatingIfNeeded: word >> 32), capacity)
        while words[slot].load(ordering: .relaxed) != 0 {
            slot &+= 1
            if slot == capacity { slot = 0 }
        }
        words[slot].store(word, ordering: .releasing)
    }
}
