import Synchronization

/// Reading many keys: the lock is held while a piece of the order is looked at, never while values are read.
extension Engine {
    /// Keys found before the lock is let go.
    private static var keysPerPiece: Int { 256 }
    /// Keys looked at before the lock is let go: while a snapshot is open, deleted ones stay in the order.
    private static var looksPerPiece: Int { 1_024 }

    /// Entries that an ended snapshot lets go in one hold of the lock.
    private static var entriesPerHold: Int { 64 }

    /// What a scan sees: the present, or a snapshot's moment.
    enum View {
        case present
        case snapshot(UInt64, takenAt: UInt64)
    }

    var statistics: BitcaskStatistics {
        lock.locked {
            var figures = counters
            let now = options.clock()
            let files = index.allFiles
            figures.keys = index.liveKeys
            figures.files = files.count
            figures.liveBytes = files.reduce(0) { $0 + $1.recordBytes - $1.deadBytes(at: now) }
            figures.deadBytes = files.reduce(0) { $0 + $1.deadBytes(at: now) }
            figures.keydirBytes = keydir.memoryBytes
            figures.snapshots = index.snapshots.count
            (figures.lockWaits, figures.lockWaitNanoseconds) = lock.contention
            figures.corruptRecords =
                counters.corruptRecords + corruptions.count + damagedReads.load(ordering: .relaxed)
            return figures
        }
    }

    /// Entries in order; without a limit one that is damaged ends the scan with an error.
    func scan(
        prefix: [UInt8], after: [UInt8]?, limit: Int, descending: Bool, in view: View = .present
    ) throws(BitcaskError) -> [Bitcask.Entry] {
        var entries: [Bitcask.Entry] = []
        try walk(prefix: prefix, after: after, limit: limit, descending: descending, in: view) { key, value in
            entries.append(Bitcask.Entry(key: key, value: Array(value)))
        }
        return entries
    }

    func keys(
        prefix: [UInt8], after: [UInt8]?, limit: Int, descending: Bool, in view: View = .present
    ) throws(BitcaskError) -> [[UInt8]] {
        var keys: [[UInt8]] = []
        try walk(
            prefix: prefix, after: after, limit: limit, descending: descending, in: view, readsValues: false
        ) { key, _ in
            keys.append(key)
        }
        return keys
    }

    /// Without `readsValues` only records that may have expired are read, and `body` gets no value.
    func walk(
        prefix: [UInt8], after: [UInt8]?, limit: Int, descending: Bool, in view: View, readsValues: Bool = true,
        _ body: ([UInt8], UnsafeRawBufferPointer) -> Void
    ) throws(BitcaskError) {
        var after = after
        var left = limit
        while left > 0 {
            let visit = epochs.enter()
            defer { epochs.leave(visit) }
            guard !isClosed.load(ordering: .relaxed) else { throw .closed }
            let piece = piece(
                prefix: prefix, after: after, limit: min(left, Self.keysPerPiece), descending: descending, in: view)
            var now: UInt64?
            if case .snapshot(_, let takenAt) = view { now = takenAt }
            for (key, location) in piece.found where left > 0 {
                guard readsValues || location.expires else {
                    body(key, UnsafeRawBufferPointer(start: nil, count: 0))
                    left -= 1
                    continue
                }
                let isThere = try key.withBytes { bytes throws(BitcaskError) in
                    try read(bytes, at: location, now: now) { value in
                        body(key, value)
                        return true
                    }
                }
                if isThere == true { left -= 1 }
            }
            guard let last = piece.last else { return }
            after = last
        }
    }

    /// Up to `limit` keys with their locations, and the last key looked at; no last key at the end.
    private func piece(
        prefix: [UInt8], after: [UInt8]?, limit: Int, descending: Bool, in view: View
    ) -> (found: [(key: [UInt8], location: Location)], last: [UInt8]?) {
        lock.locked {
            var found: [(key: [UInt8], location: Location)] = []
            var last: [UInt8]?
            // Without an order kept the whole is sorted for each piece, so one piece must do.
            let most = index.order == nil ? Int.max : limit
            var looks = index.order == nil ? Int.max : Self.looksPerPiece
            index.walk(prefix: prefix, after: after, descending: descending) { handle in
                let current = index.arena.location(handle)
                let location: Location
                switch view {
                case .present: location = current
                case .snapshot(let number, _): location = index.snapshots.resolve(handle, current, in: number)
                }
                if !location.isAbsent { found.append((Array(index.arena.key(handle)), location)) }
                looks -= 1
                guard found.count >= most || looks == 0 else { return true }
                last = Array(index.arena.key(handle))
                return false
            }
            return (found, last)
        }
    }

    // MARK: Snapshots

    /// Waits for a deletion of a prefix to end.
    func takeSnapshot() throws(BitcaskError) -> (number: UInt64, takenAt: UInt64) {
        try lock.locked { () throws(BitcaskError) in
            if deletingFrom != nil {
                snapshotsAwaited += 1
                while deletingFrom != nil { lock.wait() }
                snapshotsAwaited -= 1
                if snapshotsAwaited == 0 { lock.announce() }
            }
            guard !isClosed.load(ordering: .relaxed) else { throw .closed }
            return (index.snapshots.take(), options.clock())
        }
    }

    /// Returns when what only this snapshot saw is gone, or is left to one that was taken meanwhile.
    func release(snapshot number: UInt64) {
        // Freed when the lock is let go.
        _ = lock.locked { () -> [LocationNotes] in
            // Files that only it needed are the maintenance's to remove.
            defer { if !doomed.isEmpty { onWork?() } }
            return index.snapshots.end(number)
        }
        while lock.locked({ index.tidy(limit: Self.entriesPerHold) }) { lock.giveWay() }
    }

    func read<R>(
        _ key: UnsafeRawBufferPointer, snapshot number: UInt64, takenAt: UInt64, _ body: (UnsafeRawBufferPointer) -> R
    ) throws(BitcaskError) -> R? {
        let visit = epochs.enter()
        defer { epochs.leave(visit) }
        guard !isClosed.load(ordering: .relaxed) else { throw .closed }
        let location = lock.locked { () -> Location in
            guard let handle = keydir.find(key) else { return .absent }
            return index.snapshots.resolve(handle, index.arena.location(handle), in: number)
        }
        guard !location.isAbsent else { return nil }
        return try read(key, at: location, now: takenAt, body)
    }
}
