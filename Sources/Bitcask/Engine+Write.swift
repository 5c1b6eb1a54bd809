import Synchronization

/// Appending. All of it runs with the lock held.
extension Engine {
    func put(
        _ key: UnsafeRawBufferPointer, _ value: UnsafeRawBufferPointer, expiry: UInt64, _ durability: BitcaskDurability
    ) throws(BitcaskError) {
        try checkSizes(key: key.count, value: value.count)
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
        lock.lock()
        defer { lock.unlock() }
        try checkWritable()
        let target = try reserve(RecordHeader.maximumLength + key.count + value.count)
        let before = log.end
        let location = encode(key, value, flags, sequence: nextSequence, expiry: expiry, to: target)
        if durability != .none { try flush(orBackTo: before) }
        enter(key, location, flags, expiry: expiry)
        try taken(1, durability)
    }

    /// Writes the whole batch or nothing.
    func write(_ batch: BitcaskBatch, _ durability: BitcaskDurability) throws(BitcaskError) {
        let writes = batch.writes
        guard !writes.isEmpty else { return }
        var bound = 0
        for write in writes {
            var value = 0
            if case .value(let bytes, _) = write.change { value = bytes.count }
            try checkSizes(key: write.key.count, value: value)
            bound += RecordHeader.maximumLength + write.key.count + value
        }
        guard bound <= Self.maximumBatchBytes else {
            throw .batchTooLarge(bytes: bound, limit: Self.maximumBatchBytes)
        }
        lock.lock()
        defer { lock.unlock() }
        try checkWritable()
        var target = try reserve(bound)
        let before = log.end
        var locations: [Location] = []
        locations.reserveCapacity(writes.count)
        for (position, write) in writes.enumerated() {
            let start = log.end
            locations.append(encode(write, position: position, of: writes.count, to: target))
            target += Int(log.end - start)
        }
        if durability != .none { try flush(orBackTo: before) }
        for (write, location) in zip(writes, locations) {
            write.key.withUnsafeBytes { key in
                switch write.change {
                case .value(_, let expiry): enter(key, location, [], expiry: expiry)
                case .deletion: enter(key, location, .tombstone, expiry: 0)
                case .prefixDeletion: enter(key, location, [.tombstone, .prefix], expiry: 0)
                }
            }
        }
        try taken(writes.count, durability)
    }

    private func encode(
        _ write: BitcaskBatch.Write, position: Int, of count: Int, to target: UnsafeMutableRawPointer
    ) -> Location {
        var flags: RecordHeader.Flags = []
        if count > 1, position == 0 { flags.insert(.begins) }
        if count > 1, position == count - 1 { flags.insert(.commits) }
        let sequence = nextSequence + UInt64(position)
        let empty = UnsafeRawBufferPointer(start: nil, count: 0)
        return write.key.withUnsafeBytes { key in
            switch write.change {
            case .value(let value, let expiry):
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
        guard flags.contains(.tombstone) else { return index.place(key, at: location, expiry: expiry) }
        log.file.tombstoneBytes += UInt64(location.lengthBound)
        if flags.contains(.prefix) { index.bury(prefix: key) } else { index.bury(key) }
    }

    /// The books after an append that is in the index.
    private func taken(_ count: Int, _ durability: BitcaskDurability) throws(BitcaskError) {
        nextSequence += UInt64(count)
        log.file.maximumSequence = nextSequence - 1
        log.file.length = log.end
        log.endsInMarker = false
        counters.writes += UInt64(count)
        if durability == .synced {
            try awaitDurable(nextSequence - 1)
        } else if log.end - log.durable >= UInt64(options.writebackBytes) {
            onWork?()
        }
    }

    // MARK: Room

    /// Room for `bound` bytes at the end of the tail, in the newest log or, when that is full, in a new one.
    func reserve(_ bound: Int, mayRotate: Bool = true) throws(BitcaskError) -> UnsafeMutableRawPointer {
        while mayRotate, !log.isEmpty, log.end + UInt64(bound) > UInt64(options.maximumFileBytes) {
            guard !isSyncing else {
                lock.wait()
                try checkWritable()
                continue
            }
            try rotate()
        }
        let tail = log.tail.pointee
        let used = Int(log.end - tail.start)
        if used + bound <= tail.capacity { return tail.bytes + used }
        try flush()
        replaceTail(capacity: max(Tail.capacity, bound))
        return log.tail.pointee.bytes
    }

    private func replaceTail(capacity: Int) {
        let old = log.tail
        log.tail = Tail.make(slot: log.file.slot, start: log.end, capacity: capacity)
        tail.store(UInt(bitPattern: log.tail), ordering: .releasing)
        oldTails.append((epochs.stamp, old))
        while let first = oldTails.first, epochs.isPast(first.stamp) {
            Tail.free(first.tail)
            oldTails.removeFirst()
        }
    }

    /// Closes the newest log and begins another.
    func rotate() throws(BitcaskError) {
        try syncAll()
        guard let slot = index.takeSlot() else { throw .tooManyFiles(limit: DescriptorTable<Disk>.slotLimit) }
        let next: ActiveLog
        do throws(FileCreationError) {
            let header = newHeader(.log, floor: nextSequence - 1)
            next = try ActiveLog.create(header, slot: slot, disk: disk, directory: directory)
        } catch {
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
