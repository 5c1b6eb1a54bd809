/// Scrubbing and hints, with `maintenanceLock` held.
extension Engine {
    /// What the list of damaged stretches keeps at most; the count goes on.
    private static var corruptionsKept: Int { 1_000 }

    /// The sealed files of this moment, for a pass.
    var scrubTargets: [UInt32] {
        lock.locked { index.allFiles.filter(\.isSealed).map(\.id).sorted() }
    }

    /// Reads about `budget` bytes of file `id`; true when it is done or gone.
    func scrubStep(_ id: UInt32, budget: Int) throws(BitcaskError) -> (bytes: UInt64, isDone: Bool) {
        if scrub?.fileID != id {
            scrub?.close()
            scrub = nil
            guard let file = lock.locked({ index.allFiles.first { $0.id == id } }) else { return (0, true) }
            scrub = try attempt(path(of: id)) { () throws(SystemError) in
                try ScrubJob(file, disk: disk, directory: directory)
            }
        }
        var found: [(offset: UInt64, bytes: UInt64)] = []
        let result = try attempt(path(of: id)) { () throws(SystemError) -> (bytes: UInt64, isDone: Bool) in
            try scrub?.step(budget: budget) { found.append(($0, $1)) } ?? (0, true)
        }
        lock.locked {
            counters.scrubbedBytes += result.bytes
            for (offset, bytes) in found { rotted(id, offset: offset, bytes: bytes) }
        }
        if result.isDone {
            scrub?.close()
            scrub = nil
        }
        return result
    }

    private func rotted(_ id: UInt32, offset: UInt64, bytes: UInt64) {
        let corruption = BitcaskCorruption(path: path(of: id), offset: offset, bytes: bytes)
        guard !corruptions.contains(corruption) else { return }
        counters.scrubFindings += 1
        index.allFiles.first { $0.id == id }?.isDamaged = true
        if corruptions.count < Self.corruptionsKept { corruptions.append(corruption) }
    }

    /// Writes the hint of one sealed log that has none; false when all have.
    ///
    /// The file is read again for it: that costs nothing while it grows, and what goes into the hint is what is on disk.
    func hintStep() -> Bool {
        let next = lock.locked {
            index.allFiles.filter { $0.isSealed && !$0.hasHint && !$0.isDamaged }.min { $0.id < $1.id }
        }
        guard let file = next else { return false }
        let path = path(of: file.id)
        var hint = HintFile.Builder()
        var isSound = true
        let length = try? disk.withFile(path) { handle throws(SystemError) in
            let size = try disk.size(of: handle)
            var reader = RecordReader(
                window: FileWindow(disk: disk, file: handle, size: size), header: file.header)
            while true {
                switch try reader.next() {
                case .record(let record) where record.isValueSound:
                    guard record.header.flags.isDisjoint(with: .service), !isOverwritten(record, in: file.slot) else {
                        continue
                    }
                    hint.add(record.header, at: record.offset, key: record.key)
                case .record, .damage: isSound = false
                case .end: return size
                }
            }
        }
        if let length, isSound {
            let bytes = hint.finish(for: file.header, dataLength: length)
            try? HintFile.write(bytes, disk: disk, directory: directory, fileID: file.id)
        }
        lock.locked {
            // Whatever became of it, it is not tried again before the next opening.
            file.hasHint = true
            if !isSound {
                file.isDamaged = true
                counters.corruptRecords += 1
            }
        }
        return true
    }

    /// A later record of the same file replaces it, which is sealed as well: no crash brings the older one back.
    private func isOverwritten(_ record: RecordReader<Disk>.Record, in slot: UInt16) -> Bool {
        guard !record.header.flags.contains(.tombstone) else { return false }
        let visit = epochs.enter()
        defer { epochs.leave(visit) }
        let current = keydir.location(of: record.key)
        return current.slot == slot && current.offset > record.offset
    }
}
