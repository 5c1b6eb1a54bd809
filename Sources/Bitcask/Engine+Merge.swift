extension Engine {
    /// Entries that the keydir takes at once when a merged file begins to count: about a millisecond.
    private static var movesPerStep: Int { 2_000 }

    /// One slice of merging; false when there is nothing left to do.
    func mergeStep(budget: Int) throws(BitcaskError) -> Bool {
        try checkWritable()
        if merge == nil, try !beginMerge() { return false }
        if merge?.moved != nil {
            move()
            return true
        }
        let progress: MergeJob<Disk>.Progress
        do throws(SystemError) {
            progress = try merge?.copy(budget: max(budget, 1), keydir: index.keydir) ?? .more
        } catch {
            throw giveUp(error)
        }
        switch progress {
        case .more: break
        case .copied: try publish()
        case .damaged(let id):
            counters.corruptRecords += 1
            index.files[id]?.isDamaged = true
            merge?.abandon()
            merge = nil
        }
        return true
    }

    private func beginMerge() throws(BitcaskError) -> Bool {
        let selection = MergeSelection(
            files: Array(index.files.values), activeID: active.header.fileID, options: options)
        guard let chosen = selection.choose() else { return false }
        removeReplaced()
        let header = newHeader(.merged, floor: 0)
        do throws(SystemError) {
            merge = try MergeJob(
                inputs: chosen, alsoReplacing: unremoved, header: header, floorOutside: selection.floorOutside(chosen),
                disk: disk, directory: directory)
        } catch {
            throw error.at(path(of: header.fileID))
        }
        return true
    }

    private func giveUp(_ error: SystemError) -> BitcaskError {
        let path = merge.map { self.path(of: $0.header.fileID) } ?? directory
        merge?.abandon()
        merge = nil
        return error.at(path)
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
            throw fail("the directory could not be synced: \(error.at(directory))")
        }
        guard let job = merge else { return }
        index.files[job.header.fileID] = DataFile(header: job.header, length: job.length)
        for (key, location) in job.tombstones { index.count(tombstone: key, at: location) }
        merge?.moved = 0
    }

    /// Points the keydir at the new file, and after the last entry lets the old ones go.
    private func move() {
        guard let job = merge, let moved = job.moved else { return }
        let end = min(moved + Self.movesPerStep, job.moves.count)
        for move in job.moves[moved..<end] where index.keydir[move.key] == move.from {
            index.place(move.key, at: move.to)
        }
        merge?.moved = end
        guard end == job.moves.count else { return }
        // Without a hint the next opening is slower, nothing else.
        try? HintWriter(disk: disk, directory: directory).write(job.hint, for: job.header, dataLength: job.length)
        for input in job.inputs {
            descriptors.close(input.fileID)
            index.files[input.fileID] = nil
            unremoved.insert(input.fileID)
        }
        removeReplaced()
        counters.merges += 1
        merge = nil
    }

    /// Removes what merged files stand for. What resists stays on the list, which the next merged file inherits, so that no
    /// later opening takes it for current.
    private func removeReplaced() {
        guard !unremoved.isEmpty else { return }
        do throws(SystemError) {
            for id in unremoved.sorted() {
                try disk.remove("\(directory)/\(FileName.ofHint(id))")
                try disk.remove(path(of: id))
            }
            try disk.syncDirectory(directory)
            unremoved = []
        } catch {
            // Harmless: see above.
        }
    }
}
