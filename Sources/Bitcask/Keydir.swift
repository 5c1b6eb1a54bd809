/// Where a key's newest value lies.
struct Location: Equatable {
    let sequence: UInt64
    let fileID: UInt32
    let offset: UInt32
    let valueLength: UInt32
}

/// Every live key with its location, in byte order: sorted blocks under a sorted list of blocks.
///
/// Order costs a lookup some twenty comparisons instead of one hash, and buys scans by prefix that touch only what they
/// return.
struct Keydir {
    private struct Block {
        var keys: ContiguousArray<[UInt8]>
        var locations: ContiguousArray<Location>
    }

    /// A block is split in two at this many keys: moving 24 KB at worst for an insertion.
    private static let blockLimit = 512

    private var blocks: ContiguousArray<Block> = []
    private(set) var count = 0

    subscript(key: [UInt8]) -> Location? {
        let (block, index, found) = position(of: key)
        return found ? blocks[block].locations[index] : nil
    }

    /// Sets the key's location and returns the one before.
    @discardableResult
    mutating func set(_ key: [UInt8], _ location: Location) -> Location? {
        let (block, index, found) = position(of: key)
        if found {
            let before = blocks[block].locations[index]
            blocks[block].locations[index] = location
            return before
        }
        count += 1
        guard !blocks.isEmpty else {
            blocks.append(Block(keys: [key], locations: [location]))
            return nil
        }
        blocks[block].keys.insert(key, at: index)
        blocks[block].locations.insert(location, at: index)
        if blocks[block].keys.count >= Self.blockLimit { split(block) }
        return nil
    }

    /// Removes the key and returns where it was.
    @discardableResult
    mutating func remove(_ key: [UInt8]) -> Location? {
        let (block, index, found) = position(of: key)
        guard found else { return nil }
        count -= 1
        let before = blocks[block].locations.remove(at: index)
        blocks[block].keys.remove(at: index)
        if blocks[block].keys.isEmpty { blocks.remove(at: block) }
        return before
    }

    /// The keys that begin with `prefix`, strictly beyond `after` in the direction, at most `limit`.
    func scan(
        prefix: [UInt8], after: [UInt8]?, limit: Int, descending: Bool
    ) -> [(key: [UInt8], location: Location)] {
        descending
            ? scanDown(prefix: prefix, below: after, limit: limit)
            : scanUp(prefix: prefix, above: after, limit: limit)
    }

    private func scanUp(prefix: [UInt8], above: [UInt8]?, limit: Int) -> [(key: [UInt8], location: Location)] {
        var start = prefix
        if let above, prefix.precedes(above) { start = above }
        let first = position(of: start)
        var block = first.block
        var index = first.found && above == start ? first.index + 1 : first.index
        var result: [(key: [UInt8], location: Location)] = []
        while result.count < limit, block < blocks.count {
            guard index < blocks[block].keys.count else {
                (block, index) = (block + 1, 0)
                continue
            }
            let key = blocks[block].keys[index]
            guard key.starts(with: prefix) else { break }
            result.append((key, blocks[block].locations[index]))
            index += 1
        }
        return result
    }

    private func scanDown(prefix: [UInt8], below: [UInt8]?, limit: Int) -> [(key: [UInt8], location: Location)] {
        var block = blocks.count
        var index = 0
        let end = prefix.firstBeyondPrefix
        let bound: [UInt8]? =
            if let below, let end { below.precedes(end) ? below : end } else { below ?? end }
        if let bound { (block, index, _) = position(of: bound) }
        var result: [(key: [UInt8], location: Location)] = []
        while result.count < limit {
            guard index > 0 else {
                guard block > 0 else { break }
                block -= 1
                index = blocks[block].keys.count
                continue
            }
            index -= 1
            let key = blocks[block].keys[index]
            guard key.starts(with: prefix) else { break }
            result.append((key, blocks[block].locations[index]))
        }
        return result
    }

    /// Where the key is, or where it would be inserted (in the block that may hold it).
    private func position(of key: [UInt8]) -> (block: Int, index: Int, found: Bool) {
        guard !blocks.isEmpty else { return (0, 0, false) }
        // The last block whose first key is not above the key.
        var low = 0
        var high = blocks.count
        while high - low > 1 {
            let middle = (low + high) / 2
            if key.precedes(blocks[middle].keys[0]) { high = middle } else { low = middle }
        }
        let block = low
        low = 0
        high = blocks[block].keys.count
        while low < high {
            let middle = (low + high) / 2
            if blocks[block].keys[middle].precedes(key) { low = middle + 1 } else { high = middle }
        }
        let found = low < blocks[block].keys.count && blocks[block].keys[low] == key
        return (block, low, found)
    }

    private mutating func split(_ block: Int) {
        let half = blocks[block].keys.count / 2
        let upper = Block(
            keys: ContiguousArray(blocks[block].keys[half...]),
            locations: ContiguousArray(blocks[block].locations[half...]))
        blocks[block].keys.removeSubrange(half...)
        blocks[block].locations.removeSubrange(half...)
        blocks.insert(upper, at: block + 1)
    }
}
