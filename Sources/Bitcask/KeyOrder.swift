import Glibc

/// The keys in byte order: sorted blocks of handles under a sorted list of blocks, four bytes a key.
///
/// Order costs an insertion some twenty comparisons, and buys scans by prefix that touch only what they return. All of it
/// runs under the store's lock.
struct KeyOrder {
    typealias Handle = KeyArena.Handle

    /// A block is split in two at this many keys: moving 2 KiB at worst for an insertion.
    private static let blockLimit = 512
    /// Blocks made at once are filled so far, with room for what comes.
    private static let blockFill = 384

    private let arena: KeyArena
    private var blocks: ContiguousArray<ContiguousArray<Handle>> = []

    init(arena: KeyArena) {
        self.arena = arena
    }

    /// Takes all keys at once.
    init(arena: KeyArena, sorting handles: [Handle]) {
        self.arena = arena
        // Eight bytes of each key beside its handle decide nearly all comparisons.
        var pairs = handles.map { (prefix: Self.prefix(arena.key($0)), handle: $0) }
        pairs.sort { left, right in
            left.prefix == right.prefix
                ? ByteOrder.precedes(arena.key(left.handle), arena.key(right.handle)) : left.prefix < right.prefix
        }
        for start in stride(from: 0, to: pairs.count, by: Self.blockFill) {
            blocks.append(ContiguousArray(pairs[start..<min(start + Self.blockFill, pairs.count)].lazy.map(\.handle)))
        }
    }

    private static func prefix(_ key: UnsafeRawBufferPointer) -> UInt64 {
        var prefix: UInt64 = 0
        for index in 0..<8 { prefix = prefix << 8 | (index < key.count ? UInt64(key[index]) : 0) }
        return prefix
    }

    mutating func insert(_ handle: Handle) {
        guard !blocks.isEmpty else {
            blocks.append([handle])
            return
        }
        let (block, index, _) = position(of: arena.key(handle))
        blocks[block].insert(handle, at: index)
        guard blocks[block].count >= Self.blockLimit else { return }
        // Keys that only rise leave full blocks behind.
        let isRising = block == blocks.count - 1 && index == blocks[block].count - 1
        let cut = isRising ? blocks[block].count - 1 : blocks[block].count / 2
        let upper = ContiguousArray(blocks[block][cut...])
        blocks[block].removeSubrange(cut...)
        blocks.insert(upper, at: block + 1)
    }

    mutating func remove(_ key: UnsafeRawBufferPointer) {
        let (block, index, found) = position(of: key)
        guard found else { return }
        blocks[block].remove(at: index)
        if blocks[block].isEmpty { blocks.remove(at: block) }
    }

    /// Calls `body` with the keys that begin with `prefix`, strictly beyond `after` in the direction, until it says no.
    func walk(prefix: [UInt8], after: [UInt8]?, descending: Bool, _ body: (Handle) -> Bool) {
        prefix.withUnsafeBytes { prefix in
            descending ? walkDown(prefix, after, body) : walkUp(prefix, after, body)
        }
    }

    private func walkUp(_ prefix: UnsafeRawBufferPointer, _ above: [UInt8]?, _ body: (Handle) -> Bool) {
        var (block, index, found) = position(of: prefix)
        if let above {
            above.withUnsafeBytes { above in
                guard !ByteOrder.precedes(above, prefix) else { return }
                (block, index, found) = position(of: above)
                if found { index += 1 }
            }
        }
        while block < blocks.count {
            guard index < blocks[block].count else {
                (block, index) = (block + 1, 0)
                continue
            }
            let handle = blocks[block][index]
            guard ByteOrder.begins(arena.key(handle), with: prefix), body(handle) else { return }
            index += 1
        }
    }

    private func walkDown(_ prefix: UnsafeRawBufferPointer, _ below: [UInt8]?, _ body: (Handle) -> Bool) {
        var block = blocks.count
        var index = 0
        let end = ByteOrder.firstBeyond(prefix: prefix)
        let bound: [UInt8]? =
            if let below, let end { ByteOrder.precedes(below, end) ? below : end } else { below ?? end }
        if let bound { bound.withUnsafeBytes { (block, index, _) = position(of: $0) } }
        while true {
            guard index > 0 else {
                guard block > 0 else { return }
                block -= 1
                index = blocks[block].count
                continue
            }
            index -= 1
            let handle = blocks[block][index]
            guard ByteOrder.begins(arena.key(handle), with: prefix), body(handle) else { return }
        }
    }

    /// Where the key is, or where it would be inserted (in the block that may hold it).
    private func position(of key: UnsafeRawBufferPointer) -> (block: Int, index: Int, found: Bool) {
        guard !blocks.isEmpty else { return (0, 0, false) }
        // The last block whose first key is not above the key.
        var low = 0
        var high = blocks.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if ByteOrder.precedes(key, arena.key(blocks[middle][0])) { high = middle } else { low = middle }
        }
        let block = low
        low = 0
        high = blocks[block].count
        while low < high {
            let middle = (low + high) / 2
            if ByteOrder.precedes(arena.key(blocks[block][middle]), key) { low = middle + 1 } else { high = middle }
        }
        let found = low < blocks[block].count && arena.holds(blocks[block][low], key)
        return (block, low, found)
    }
}
