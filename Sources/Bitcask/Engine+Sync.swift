import Synchronization

/// From memory to the operating system to the disk. All of it is called with the lock held.
extension Engine {
    /// Hands the tail's new bytes to the operating system. When it refuses, the bytes stay in memory and the next call
    /// tries again.
    func flush() throws(BitcaskError) {
        guard log.flushed < log.end else { return }
        let tail = log.tail.pointee
        let bytes = UnsafeRawBufferPointer(
            start: tail.bytes + Int(log.flushed - tail.start), count: Int(log.end - log.flushed))
        do throws(SystemError) {
            try disk.write(log.handle, bytes, at: log.flushed)
        } catch {
            let refused = error.at(log.path)
            do throws(SystemError) {
                try disk.truncate(log.handle, to: log.flushed)
            } catch {
                throw fail("an append failed and could not be undone: \(refused)")
            }
            throw refused
        }
        log.flushed = log.end
        counters.flushedBytes += UInt64(bytes.count)
    }

    /// Flushes, or takes back what was appended from `before` on: nothing of a refused write remains.
    func flush(orBackTo before: UInt64) throws(BitcaskError) {
        do throws(BitcaskError) {
            try flush()
        } catch {
            log.end = before
            throw error
        }
    }

    /// Group commit: returns when every record up to `sequence` is on disk. Whoever finds nobody syncing does it for all.
    func awaitDurable(_ sequence: UInt64) throws(BitcaskError) {
        while durableSequence < sequence {
            try checkWritable()
            if isSyncing { lock.wait() } else { try syncOnce() }
        }
    }

    /// One sync of the newest log, with the lock let go meanwhile, so that others append.
    private func syncOnce() throws(BitcaskError) {
        try flush()
        let handle = log.handle
        let end = log.flushed
        let sequence = nextSequence - 1
        isSyncing = true
        lock.unlock()
        var refusal: SystemError?
        do throws(SystemError) {
            try disk.sync(handle)
        } catch {
            refusal = error
        }
        lock.lock()
        isSyncing = false
        try synced(end, sequence, refusal)
        lock.announce()
    }

    /// Syncs everything while nobody else writes.
    func syncAll() throws(BitcaskError) {
        while isSyncing { lock.wait() }
        try checkWritable()
        try flush()
        guard log.durable < log.flushed else { return }
        var refusal: SystemError?
        do throws(SystemError) {
            try disk.sync(log.handle)
        } catch {
            refusal = error
        }
        try synced(log.flushed, nextSequence - 1, refusal)
    }

    private func synced(_ end: UInt64, _ sequence: UInt64, _ refusal: SystemError?) throws(BitcaskError) {
        counters.syncs += 1
        if let refusal {
            // The kernel may have marked the lost pages clean, so a second sync would lie. What was not durable goes.
            let reason = "sync failed: \(refusal.at(log.path))"
            unreadableFrom.store(
                UInt64(log.file.slot) << 48 | log.durable << 16, ordering: .sequentiallyConsistent)
            try? disk.truncate(log.handle, to: log.durable)
            throw fail(reason)
        }
        log.durable = max(log.durable, end)
        durableSequence = max(durableSequence, sequence)
    }

    /// Makes every write so far durable. Takes the lock.
    func sync() throws(BitcaskError) {
        lock.lock()
        defer { lock.unlock() }
        try checkWritable()
        try awaitDurable(nextSequence - 1)
    }
}
