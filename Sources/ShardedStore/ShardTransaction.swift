import Bitcask

/// One transaction on one shard: reads see its own writes, and all its writes commit as one batch.
package struct ShardTransaction {
    private let store: Bitcask
    /// What this transaction changed: a value, or nil for a deletion.
    private var overlay: [[UInt8]: [UInt8]?] = [:]

    init(store: Bitcask) {
        self.store = store
    }

    /// The value of `key`, or nil.
    package func get(_ key: [UInt8]) throws(StoreError) -> [UInt8]? {
        if let written = overlay[key] { return written }
        do {
            return try store.get(key)
        } catch {
            throw .storage(error)
        }
    }

    /// Sets the value of `key`.
    package mutating func put(_ key: [UInt8], _ value: [UInt8]) {
        overlay.updateValue(value, forKey: key)
    }

    /// Removes `key`; removing an absent key does nothing.
    package mutating func delete(_ key: [UInt8]) {
        overlay.updateValue(nil, forKey: key)
    }

    /// The entries whose keys begin with `prefix`, in byte order, this transaction's own writes among them.
    ///
    /// - Parameters:
    ///   - prefix: What the keys begin with; empty for all.
    ///   - after: Only keys strictly beyond this one in the scan's direction.
    ///   - limit: The largest number of entries.
    ///   - order: The direction.
    package func scan(
        prefix: [UInt8], after: [UInt8]? = nil, limit: Int = .max, order: Bitcask.Order = .ascending
    ) throws(StoreError) -> [Bitcask.Entry] {
        var own = overlay.keys.filter { key in
            key.starts(with: prefix) && (after.map { Self.isBeyond(key, $0, order) } ?? true)
        }
        own.sort { Self.isBeyond($1, $0, order) }
        // Each deletion of ours can hide one stored entry, so ask for that many more.
        let deletions = own.count { overlay[$0] == .some(.none) }
        let (wanted, overflow) = limit.addingReportingOverflow(deletions)
        let stored: [Bitcask.Entry]
        do {
            stored = try store.scan(prefix: prefix, after: after, limit: overflow ? .max : wanted, order: order)
        } catch {
            throw .storage(error)
        }
        return merge(stored: stored, own: own, limit: limit, order: order)
    }

    /// Two sorted lists into one; our own entry replaces the stored one of the same key.
    private func merge(
        stored: [Bitcask.Entry], own: [[UInt8]], limit: Int, order: Bitcask.Order
    ) -> [Bitcask.Entry] {
        guard !own.isEmpty else { return stored }
        var result: [Bitcask.Entry] = []
        var storedIndex = 0
        var ownIndex = 0
        while result.count < limit {
            let entry = storedIndex < stored.count ? stored[storedIndex] : nil
            guard ownIndex < own.count else {
                guard let entry else { break }
                result.append(entry)
                storedIndex += 1
                continue
            }
            let key = own[ownIndex]
            if let entry, Self.isBeyond(key, entry.key, order) {
                result.append(entry)
                storedIndex += 1
                continue
            }
            if entry?.key == key { storedIndex += 1 }
            if let value = overlay[key] ?? nil { result.append(Bitcask.Entry(key: key, value: value)) }
            ownIndex += 1
        }
        return result
    }

    private static func isBeyond(_ key: [UInt8], _ other: [UInt8], _ order: Bitcask.Order) -> Bool {
        order == .ascending ? other.lexicographicallyPrecedes(key) : key.lexicographicallyPrecedes(other)
    }

    /// The writes in key order, so that the same transaction always makes the same bytes.
    var batch: BitcaskBatch {
        var batch = BitcaskBatch()
        for key in overlay.keys.sorted(by: { $0.lexicographicallyPrecedes($1) }) {
            if let value = overlay[key] ?? nil { batch.put(key, value) } else { batch.delete(key) }
        }
        return batch
    }
}
