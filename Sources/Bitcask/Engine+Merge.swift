/// Merging, with `maintenanceLock` held by the caller of the step.
///
/// `lock` is held for bookkeeping only: for `movesPerHold` entries of the keydir, or for a glance at each file. Every call of the disk,
/// every choice and every copy is made without it, and between two holds those that wait for it go first.
extension Engine {
    /// Entries that the keydir takes at once when a merged file begins to count: tens of microseconds.
    private static var movesPerHold: Int { 64 }
    private static var movesPerStep: Int { 1_024 }

    /// One slice of merging; false when there is nothing left to do.
    func mergeStep(budget: Int, everything: Bool = false) throws(BitcaskError) -> Bool {
        try lock.locked { () throws(BitcaskError) in try checkWritable() }
        if merge == nil, try !beginMerge(everything: everything) { return false }
        if merge?.moved != nil {
            move()
            return true
        }
        let progress: MergeJob<Disk>.Progress
        let before = merge?.bytesRead ?? 0
        do throws(SystemError) {
            progress = try merge?.copy(budget: max(budget, 1), keydir: keydir, epochs: epochs) ?? .more
        } catch {
            throw giveUp(error)
        }
        let read = (merge?.bytesRead ?? before) - before
        lock.locked { counters.mergeReadBytes += read }
        switch progress {
        case .more: break
        case .copied: try publish()
        case .damaged(let slot):
            lock.locked {
                counters.corruptRecords += 1
                index.files[Int(slot)]?.isDamaged = true
            }
            abandonMerge()
        }
        return true
    }

    private func beginMerge(everything: Bool) throws(BitcaskError) -> Bool {
        reclaim()
        let now = options.clock()
        let (files, others) = lock.locked {
            let end = deletingFrom ?? .max
            return (index.allFiles.map { MergeCandidate($0, now: now, before: end) }, doomed.map(\.file.id))
        }
        // Nobody but maintenance takes files away, and a log that begins meanwhile has a floor above all there is now: the choice
        // and its floor stay right without the lock.
        let selection = MergeSelection(files: files, options: options, stillListed: others.count)
        guard let chosen = everything ? selection.everything() : selection.choose() else { return false }
        let (header, slot) = try lock.locked { () throws(BitcaskError) -> (FileHeader, UInt16) in
            guard let slot = index.takeSlot() else { throw .tooManyFiles(limit: DescriptorTable<Disk>.slotLimit) }
            return (newHeader(.merged, floor: 0), slot)
        }
        do throws(SystemError) {
            merge = try MergeJob(
                inputs: chosen, alsoReplacing: others, header: header, slot: slot,
                floorOutside: selection.floorOutside(chosen), now: now, disk: disk, directory: directory)
        } catch {
            lock.locked { index.release(slot: slot) }
            throw error.at(path(of: header.fileID))
        }
        return true
    }

    private func giveUp(_ error: SystemError) -> BitcaskError {
        let path = merge.map { self.path(of: $0.header.fileID) } ?? directory
        abandonMerge()
        return error.at(path)
    }

    private func abandonMerge() {
        merge?.abandon()
        if let slot = merge?.slot { lock.locked { index.release(slot: slot) } }
        merge = nil
    }

    private func publish() throws(BitcaskError) {
        // The merge left out what newer writes replaced, so these must be durable before the old ones may go.
        try sync()
        do throws(SystemError) {
            try merge?.publish()
        } catch {
            throw giveUp(error)
        }
        do throws(SystemError) {
            try disk.syncDirectory(directory)
        } catch {
            throw lock.locked { fail("the directory could not be synced: \(error.at(directory))") }
        }
        guard let job = merge else { return }
        descriptors.assign(job.slot, fileID: job.header.fileID, salt: job.header.salt, pinned: nil)
        lock.locked {
            let file = DataFile(header: job.header, slot: job.slot, length: job.length, isSealed: true)
            file.tombstoneBytes = job.tombstoneBytes
            file.maximumSequence = max(job.maximumSequence, job.header.floor)
            index.add(file)
            counters.mergeWrittenBytes += job.length
        }
        merge?.moved = 0
    }

    /// Points the keydir at the new file, and after the last entry lets the old ones go.
    private func move() {
        guard let job = merge, var position = job.moved else { return }
        let encoded = job.hint.encoded
        for _ in 0..<Self.movesPerStep / Self.movesPerHold where position < encoded.count {
            lock.locked {
                HintFile.forEach(encoded: encoded, from: &position, limit: Self.movesPerHold) { entry in
                    guard !entry.flags.contains(.tombstone) else { return }
                    index.move(entry.key, to: entry.location(in: job.slot), expiry: entry.expiry, from: job.slots)
                    counters.mergeMovedKeys += 1
                }
            }
            lock.giveWay()
        }
        merge?.moved = position
        guard position >= encoded.count else { return }
        for start in stride(from: 0, to: job.expired.count, by: Self.movesPerHold) {
            let keys = job.expired[start..<min(start + Self.movesPerHold, job.expired.count)]
            lock.locked {
                for key in keys { key.withUnsafeBytes { index.expire($0, from: job.slots) } }
                counters.expired += UInt64(keys.count)
            }
            lock.giveWay()
        }
        let hint = job.hint.finish(for: job.header, dataLength: job.length)
        // Without a hint the next opening is slower, nothing else.
        let hasHint =
            (try? HintFile.write(hint, disk: disk, directory: directory, fileID: job.header.fileID)) != nil
        lock.locked {
            index.files[Int(job.slot)]?.hasHint = hasHint
            let stamp = epochs.stamp
            for input in job.inputs {
                guard let file = index.files[Int(input.slot)] else { continue }
                index.drop(input.slot)
                doomed.append(DoomedFile(file: file, stamp: stamp, lastSnapshot: index.snapshots.latest))
            }
            counters.merges += 1
        }
        merge = nil
        reclaim()
    }

    /// Removes files that merges have replaced, once no reader and no snapshot can want them. What resists stays on the
    /// list, which the next merged file inherits, so that no later opening takes it for current.
    func reclaim() {
        while lock.locked({ keydir.reclaim() }) { lock.giveWay() }
        let free = lock.locked { reclaimable }
        guard !free.isEmpty else { return }
        // Whatever is freed here nobody can want again, so the lock is not needed until the books are brought up to date.
        let removed = remove(free)
        lock.locked { forget(removed) }
    }

    /// Files that nobody can want any more. With the lock held.
    var reclaimable: [DoomedFile] {
        let oldest = index.snapshots.oldest ?? .max
        return doomed.filter { $0.lastSnapshot < oldest && epochs.isPast($0.stamp) }
    }

    /// Removes the files, all or none as far as anybody may rely on it, and returns the slots of those that are gone for good.
    func remove(_ free: [DoomedFile]) -> Set<UInt16> {
        guard !free.isEmpty else { return [] }
        var removed: Set<UInt16> = []
        do throws(SystemError) {
            for entry in free {
                descriptors.clear(entry.file.slot)
                try disk.remove("\(directory)/\(FileName.ofHint(entry.file.id))")
                try disk.remove(path(of: entry.file.id))
                removed.insert(entry.file.slot)
            }
            try disk.syncDirectory(directory)
        } catch {
            // Harmless: see above.
            removed = []
        }
        return removed
    }

    /// Gives the slots of removed files back. With the lock held.
    func forget(_ removed: Set<UInt16>) {
        doomed.removeAll { removed.contains($0.file.slot) }
        for slot in removed { index.release(slot: slot) }
    }
}

/// A file that a merge has replaced and that may still be there.
struct DoomedFile {
    let file: DataFile
    /// When it went out of reach of readers' lookups.
    let stamp: Int
    /// The newest snapshot that may still want it.
    let lastSnapshot: UInt64
}
