/// Merging, with `maintenanceLock` held by the caller of the step; writers wait only for moments of bookkeeping.
extension Engine {
    /// Entries that the keydir takes at once when a merged file begins to count: a fraction of a millisecond.
    private static var movesPerStep: Int { 1_000 }

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
        typealias Plan = (chosen: [DataFile], others: [UInt32], header: FileHeader, slot: UInt16, floor: UInt64)
        let now = options.clock()
        let plan = try lock.locked { () throws(BitcaskError) -> Plan? in
            let selection = MergeSelection(
                files: index.allFiles, activeID: log.file.id, options: options, stillListed: doomed.count, now: now)
            guard let chosen = everything ? selection.everything() : selection.choose() else { return nil }
            guard let slot = index.takeSlot() else { throw .tooManyFiles(limit: DescriptorTable<Disk>.slotLimit) }
            return (
                chosen, doomed.map(\.file.id), newHeader(.merged, floor: 0), slot, selection.floorOutside(chosen)
            )
        }
        guard let plan else { return false }
        do throws(SystemError) {
            merge = try MergeJob(
                inputs: plan.chosen, alsoReplacing: plan.others, header: plan.header, slot: plan.slot,
                floorOutside: plan.floor, now: now, disk: disk, directory: directory)
        } catch {
            lock.locked { index.release(slot: plan.slot) }
            throw error.at(path(of: plan.header.fileID))
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
        lock.locked {
            HintFile.forEach(encoded: encoded, from: &position, limit: Self.movesPerStep) { entry in
                guard !entry.flags.contains(.tombstone) else { return }
                index.move(entry.key, to: entry.location(in: job.slot), expiry: entry.expiry, from: job.slots)
            }
        }
        merge?.moved = position
        guard position >= encoded.count else { return }
        lock.locked {
            for key in job.expired { key.withUnsafeBytes { index.expire($0, from: job.slots) } }
            counters.expired += UInt64(job.expired.count)
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
        lock.locked {
            keydir.reclaim()
            reclaimFiles()
        }
    }

    func reclaimFiles() {
        let oldest = index.snapshots.oldest ?? .max
        let free = doomed.filter { $0.lastSnapshot < oldest && epochs.isPast($0.stamp) }
        guard !free.isEmpty else { return }
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
