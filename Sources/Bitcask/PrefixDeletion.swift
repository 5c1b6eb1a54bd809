/// The deletion of every key with a prefix while it goes on: its record is written and counts, and the keys leave the index
/// some at a time.
///
/// What is written after the record must stay, and where the record lies tells it apart: logs are numbered and filled in the order of
/// sequences, so whatever lies behind it, in its own log or in one with a larger number, is later, and everything else
/// in logs is earlier. All in a merged file is earlier, because while the deletion goes on no file with records from it on becomes an
/// input of a merge (`MergeCandidate`): of those that began before, each input was closed before the record was written.
struct PrefixDeletion {
    let prefix: [UInt8]
    /// Of its record.
    let sequence: UInt64
    /// Where its record lies.
    let fileID: UInt32
    let offset: UInt32
    /// Where the keys' entries ended when it began; what is made beyond it since then is later.
    let end: UInt64
    /// With an order of keys: the last one looked at.
    fileprivate var after: [UInt8]?
    /// Without: the place in the arena to go on at.
    fileprivate var position: UInt64 = 0

    init(prefix: [UInt8], sequence: UInt64, fileID: UInt32, offset: UInt32, end: UInt64) {
        self.prefix = prefix
        self.sequence = sequence
        self.fileID = fileID
        self.offset = offset
        self.end = end
    }
}

extension StoreIndex {
    /// Entries looked at in one hold of the lock: those of later writes, of other prefixes and of deleted keys that snapshots
    /// keep are passed over.
    private static var looksPerHold: Int { 1_024 }

    /// Takes the next keys of a deletion away, `limit` at most; false when none is left.
    ///
    /// An entry keeps its place in the order and in the arena for as long as its key has it. A key that gets a new one meanwhile
    /// is written later, and so is one that is given a freed entry: the location tells, as of any other.
    mutating func bury(_ deletion: inout PrefixDeletion, limit: Int) -> Bool {
        // Found first: taking one away changes what is walked over.
        var found: [Handle] = []
        found.reserveCapacity(limit)
        let goesOn = order == nil ? walkArena(&deletion, limit, &found) : walkOrder(&deletion, limit, &found)
        for handle in found { bury(handle) }
        return goesOn
    }

    private func walkOrder(_ deletion: inout PrefixDeletion, _ limit: Int, _ found: inout [Handle]) -> Bool {
        var looks = Self.looksPerHold
        var last: Handle?
        walk(prefix: deletion.prefix, after: deletion.after, descending: false) { handle in
            if isDue(handle, deletion) { found.append(handle) }
            last = handle
            looks -= 1
            return looks > 0 && found.count < limit
        }
        if let last { deletion.after = Array(arena.key(last)) }
        return looks == 0 || found.count == limit
    }

    private func walkArena(_ deletion: inout PrefixDeletion, _ limit: Int, _ found: inout [Handle]) -> Bool {
        var looks = Self.looksPerHold
        while looks > 0, found.count < limit {
            guard deletion.position < deletion.end, let handle = arena.next(&deletion.position) else { return false }
            looks -= 1
            let begins = deletion.prefix.withUnsafeBytes { ByteOrder.begins(arena.key(handle), with: $0) }
            if begins, isDue(handle, deletion) { found.append(handle) }
        }
        return true
    }

    /// Whether the entry has a value from before the deletion. One without a location has none, freed entries among them.
    private func isDue(_ handle: Handle, _ deletion: PrefixDeletion) -> Bool {
        let location = arena.location(handle)
        guard !location.isAbsent else { return false }
        guard let file = files[Int(location.slot)], file.header.kind == .log else { return true }
        return (file.id, location.offset) < (deletion.fileID, deletion.offset)
    }
}
