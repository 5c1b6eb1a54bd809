import Synchronization

/// Appending. All of it runs with the lock held.
extension Engine {
    func put(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, expiry: UInt64, _ durability: BitcaskDurability
    ) throws(BitcaskError) {
        try checkSizes(key: key.count, value: value.count)
        if options.compressesValues, let smaller = Compression.compress(value) {
            return try smaller.withBytes { smaller throws(BitcaskError) in
                try append(key, smaller, .compressed, expiry: expiry, durability)
            }
        }
        try append(key, value, [], expiry: expiry, durability)
    }

    /// Removing an absent key writes nothing.
    func delete(_ key: UnsafeRawBufferPointer, _ durability: BitcaskDurability) throws(BitcaskError) {
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        // Only the writer changes what this finds, so the answer holds until the append takes the lock only if nobody
        // puts the key in between; then that put is the later write, and nothing is to be removed before it.
        let isAbsent = lock.locked { keydir.location(of: key).isAbsent && failure == nil }
        guard !isAbsent || isClosed.load(ordering: .relaxed) else { return }
        try append(key, empty, .tombstone, expiry: 0, durability)
    }

    func checkSizes(key: Int, value: Int) throws(BitcaskError) {
        guard key <= RecordHeader.maximumKeyBytes else {
            throw .keyTooLong(bytes: key, limit: RecordHeader.maximumKeyBytes)
        }
        guard value <= RecordHeader.maximumValueBytes else {
            throw .valueTooLong(bytes: value, limit: RecordHeader.maximumValueBytes)
        }
    }

    private func append(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ flags: RecordHeader.Flags, expiry: UInt64,
        _ durability: BitcaskDurability
    ) throws(BitcaskError) {
        guard durability != .synced else { return try commit(.one(key, value, flags, expiry: expiry)) }
        lock.lock()
        defer { lock.unlock() }
        try checkWritable()
        let target = try reserve(RecordHeader.maximumLength + key.count + value.count)
        if !flags.contains(.tombstone) { try index.keydir.makeRoom(for: key) }
        let before = log.end
        let location = encode(key, value, flags, sequence: nextSequence, expiry: expiry, to: target)
        if durability != .none { try flush(orBackTo: before) }
        enter(key, location, flags, expiry: expiry)
        taken(1)
    }

    /// Writes the whole batch or nothing.
    func write(_ batch: BitcaskBatch, _ durability: BitcaskDurability) throws(BitcaskError) {
        guard !batch.isEmpty else { return }
        for write in batch.writes { try checkSizes(key: write.key.count, value: write.valueLength) }
        let writes = options.compressesValues ? batch.compressed : batch.writes
        let pending = PendingWrite.batch(writes)
        guard pending.bound <= Self.maximumBatchBytes else {
            throw .batchTooLarge(bytes: pending.bound, limit: Self.maximumBatchBytes)
        }
        guard durability != .synced else { return try commit(pending) }
        lock.lock()
        defer { lock.unlock() }
        try checkWritable()
        let target = try reserve(pending.bound)
        var promised = (keys: 0, bytes: 0)
        try makeRoom(for: pending, behind: &promised)
        let before = log.end
        let locations = encode(pending, sequence: nextSequence, to: target)
        if durability != .none { try flush(orBackTo: before) }
        enter(pending, locations)
        taken(writes.count)
    }

    /// The entries of a write's keys cannot fail for want of memory from here on, nor those of `promised` keys before them
    /// with so many bytes, which this write's are added to.
    func makeRoom(for write: PendingWrite, behind promised: inout (keys: Int, bytes: Int)) throws(BitcaskError) {
        let sum = (keys: promised.keys + write.count, bytes: promised.bytes + write.keyBytes)
        switch write {
        case .one(let key, _, _, _): try index.keydir.makeRoom(for: key, among: sum.keys, bytes: sum.bytes)
        case .batch(let writes):
            for write in writes {
                guard case .value = write.change else { continue }
                try write.key.withBytes { key throws(BitcaskError) in
                    try index.keydir.makeRoom(for: key, among: sum.keys, bytes: sum.bytes)
                }
            }
        }
        promised = sum
    }

    /// Puts a write's records at the end of the tail, numbered from `sequence` on.
    func encode(_ write: PendingWrite, sequence: UInt64, to target: UnsafeMutableRawPointer) -> [Location] {
        switch write {
        case .one(let key, let value, let flags, let expiry):
            return [encode(key, value, flags, sequence: sequence, expiry: expiry, to: target)]
        case .batch(let writes):
            let start = log.end
            return writes.enumerated().map { position, write in
                encode(
                    write, position: position, of: writes.count, sequence: sequence + UInt64(position),
                    to: target + Int(log.end - start))
            }
        }
    }

    func encode(
        _ write: BitcaskBatch.Write, position: Int, of count: Int, sequence: UInt64, to target: UnsafeMutableRawPointer
    ) -> Location {
        var flags: RecordHeader.Flags = []
        if count > 1, position == 0 { flags.insert(.begins) }
        if count > 1, position == count - 1 { flags.insert(.commits) }
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        if case .value(_, _, true) = write.change { flags.insert(.compressed) }
        return write.key.withUnsafeBytes { key in
            switch write.change {
            case .value(let value, let expiry, _):
                return value.withUnsafeBytes {
                    encode(key, $0, flags, sequence: sequence, expiry: expiry, to: target)
                }
            case .deletion:
                return encode(key, empty, flags.union(.tombstone), sequence: sequence, expiry: 0, to: target)
            case .prefixDeletion:
                return encode(
                    key, empty, flags.union([.tombstone, .prefix]), sequence: sequence, expiry: 0, to: target)
            }
        }
    }

    /// Tells the index of a write whose records are in the file or on their way to it.
    func enter(_ write: PendingWrite, _ locations: [Location]) {
        switch write {
        case .one(let key, _, let flags, let expiry):
            for location in locations { enter(key, location, flags, expiry: expiry) }
        case .batch(let writes):
            for (write, location) in zip(writes, locations) {
                write.key.withUnsafeBytes { key in
                    switch write.change {
                    case .value(_, let expiry, _): enter(key, location, [], expiry: expiry)
                    case .deletion: enter(key, location, .tombstone, expiry: 0)
                    case .prefixDeletion: enter(key, location, [.tombstone, .prefix], expiry: 0)
                    }
                }
            }
        }
    }

    /// Writes a record at the end of the tail; it counts once `enter` has told the index.
    private func encode(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, _ flags: RecordHeader.Flags, sequence: UInt64,
        expiry: UInt64, to target: UnsafeMutableRawPointer
    ) -> Location {
        let offset = UInt32(truncatingIfNeeded: log.end)
        let header = RecordHeader(
            sequence: sequence, flags: flags, keyLength: key.count, valueLength: value.count,
            undurable: UInt32(truncatingIfNeeded: log.end - log.durable), expiry: expiry)
        let length = header.write(key: key, value: value, salt: log.file.header.salt, offset: offset, to: target)
        log.end += UInt64(length)
        return Location(slot: log.file.slot, offset: offset, recordLength: length, expires: expiry > 0)
    }

    private func enter(
        _ key: UnsafeRawBufferPointer, _ location: Location, _ flags: RecordHeader.Flags, expiry: UInt64
    ) {
        guard flags.contains(.tombstone) else {
            index.place(key, at: location, expiry: expiry)
            return
        }
        log.file.tombstoneBytes += UInt64(location.lengthBound)
        if flags.contains(.prefix) { index.bury(prefix: key) } else { index.bury(key) }
    }

    /// The books after an append that is in the index.
    func taken(_ count: Int) {
        nextSequence += UInt64(count)
        log.file.maximumSequence = nextSequence - 1
        log.file.length = log.end
        log.endsInMarker = false
        counters.writes += UInt64(count)
        if log.end - log.durable >= UInt64(options.writebackBytes) { onWork?() }
    }

    // MARK: Room

    /// Whether the end of the tail has room for so many bytes without a flush or another file.
    func hasRoom(_ bound: Int) -> Bool {
        let fitsFile = log.isEmpty || log.end + UInt64(bound) <= UInt64(options.maximumFileBytes)
        return !isRotating && fitsFile && Int(log.end - log.tail.pointee.start) + bound <= log.tail.pointee.capacity
    }

    /// Room for `bound` bytes at the end of the tail, in the newest log or, when that is full, in a new one. What was
    /// encoded before must be in the index: the lock may be let go meanwhile.
    func reserve(_ bound: Int, mayRotate: Bool = true) throws(BitcaskError) -> UnsafeMutableRawPointer {
        var isSynced = false
        while isRotating || mayRotate && !log.isEmpty && log.end + UInt64(bound) > UInt64(options.maximumFileBytes) {
            if isRotating || isSyncing {
                lock.wait()
                try checkWritable()
            } else if !isSynced {
                // Others write into what is left meanwhile; the sync with the lock held has next to nothing to do.
                isSynced = true
                try awaitDurable(nextSequence - 1)
            } else {
                try rotate()
            }
        }
        let tail = log.tail.pointee
        let used = Int(log.end - tail.start)
        if used + bound <= tail.capacity { return tail.bytes + used }
        try flush()
        try replaceTail(capacity: max(Tail.capacity, bound))
        return log.tail.pointee.bytes
    }

    private func replaceTail(capacity: Int) throws(BitcaskError) {
        let old = log.tail
        log.tail = try Tail.make(slot: log.file.slot, start: log.end, capacity: capacity)
        tail.store(UInt(bitPattern: log.tail), ordering: .releasing)
        oldTails.append((epochs.stamp, old))
        while let first = oldTails.first, epochs.isPast(first.stamp) {
            Tail.free(first.tail)
            oldTails.removeFirst()
        }
    }

    /// Closes the newest log and begins another. The lock is let go while the file is made; writers wait, since they have
    /// nowhere to write.
    func rotate() throws(BitcaskError) {
        while isRotating { lock.wait() }
        try syncAll()
        guard let slot = index.takeSlot() else { throw .tooManyFiles(limit: DescriptorTable<Disk>.slotLimit) }
        let header = newHeader(.log, floor: nextSequence - 1)
        isRotating = true
        lock.unlock()
        let made: Result<ActiveLog, FileCreationError>
        do throws(FileCreationError) {
            made = .success(try ActiveLog.create(header, slot: slot, disk: disk, directory: directory))
        } catch {
            made = .failure(error)
        }
        lock.lock()
        isRotating = false
        lock.announce()
        let next: ActiveLog
        switch made {
        case .success(let log): next = log
        case .failure(let error):
            index.release(slot: slot)
            switch error {
            case .refused(let error): throw error
            case .unknown(let error): throw fail("the directory could not be synced: \(error)")
            }
        }
        let closed = log
        descriptors.assign(slot, fileID: next.file.id, salt: next.file.header.salt, pinned: next.handle)
        index.add(next.file)
        log = next
        tail.store(UInt(bitPattern: log.tail), ordering: .releasing)
        oldTails.append((epochs.stamp, closed.tail))
        closed.file.isSealed = true
        descriptors.unpin(closed.file.slot)
        onWork?()
    }
}
