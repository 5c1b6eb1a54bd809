/// Deleting all keys with a prefix: one record, and then the keys' entries, some in each hold of the lock, so that other writers
/// wait for moments however many there are.
///
/// Opening the store applies the record to every key at once, so a crash in between leaves nothing half done. While it goes on:
///
/// - A second deletion waits for the first to end, and snapshots wait to be taken, so that they see all of it or nothing; those
///   taken before keep what goes, as from any write.
/// - Merges leave the files alone that have its record or later ones. Else one could copy a value whose turn has not come, and
///   drop the record, which nothing that the merge knows of needs any more.
/// - Batches, backups and the closing of files need not know: what they do goes by sequences, as opening does.
/// - When the store fails the rest goes all the same, and the caller is told.
extension Engine {
    /// Keys that leave the index at once: tens of microseconds, as with merges.
    private static var removalsPerHold: Int { 64 }

    /// Returns when no key is left that was there before, and, when it is to be `synced`, the record is on disk.
    func deleteAll(prefix: [UInt8], _ durability: BitcaskDurability) throws(BitcaskError) {
        try checkSizes(key: prefix.count, value: 0)
        lock.lock()
        defer { lock.unlock() }
        var deletion = try beginDeletion(of: prefix, durability)
        while index.bury(&deletion, limit: Self.removalsPerHold) {
            lock.unlock()
            lock.giveWay()
            lock.lock()
        }
        endDeletion()
        if durability == .synced { try awaitDurable(deletion.sequence) }
        // Whether a failed sync cut the record off is not known without looking.
        if let failure, durableSequence < deletion.sequence { throw .failed(reason: failure) }
    }

    /// Writes the record. With the lock held, which may be let go before that.
    func beginDeletion(
        of prefix: [UInt8], _ durability: BitcaskDurability
    ) throws(BitcaskError) -> PrefixDeletion {
        try checkWritable()
        // Whoever waits for a snapshot goes first, or deletions one after the other would keep it waiting.
        while deletingFrom != nil || snapshotsAwaited > 0 {
            lock.wait()
            try checkWritable()
        }
        deletingFrom = nextSequence
        do throws(BitcaskError) {
            let target = try reserve(RecordHeader.maximumLength + prefix.count)
            let before = log.end
            let sequence = nextSequence
            let location = encode(
                BitcaskBatch.Write(key: prefix, change: .prefixDeletion), position: 0, of: 1, sequence: sequence,
                to: target)
            if durability != .none { try flush(orBackTo: before) }
            log.file.tombstoneBytes += UInt64(location.lengthBound)
            taken(1)
            return PrefixDeletion(
                prefix: prefix, sequence: sequence, fileID: log.file.id, offset: location.offset, end: index.arena.end)
        } catch {
            endDeletion()
            throw error
        }
    }

    /// With the lock held.
    func endDeletion() {
        deletingFrom = nil
        lock.announce()
        // Files that were to be left alone are no more.
        onWork?()
    }
}
