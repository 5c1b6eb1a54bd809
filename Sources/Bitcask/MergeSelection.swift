/// What choosing needs to know of a file: a copy, so that the choice is made without the store's lock.
struct MergeCandidate {
    let header: FileHeader
    let slot: UInt16
    let length: UInt64
    let recordBytes: UInt64
    let deadBytes: UInt64
    let garbageBytes: UInt64
    let maximumSequence: UInt64
    /// Closed, undamaged, and from before a deletion that goes on.
    let isMergeable: Bool

    /// - Parameters:
    ///   - now: milliseconds since 1970, for what has expired.
    ///   - end: no file with records from this sequence on is to be merged.
    init(_ file: DataFile, now: UInt64, before end: UInt64) {
        header = file.header
        slot = file.slot
        length = file.length
        recordBytes = file.recordBytes
        deadBytes = file.deadBytes(at: now)
        garbageBytes = file.garbageBytes(at: now)
        maximumSequence = file.maximumSequence
        isMergeable = file.isSealed && !file.isDamaged && file.maximumSequence < end
    }

    var id: UInt32 { header.fileID }
}

/// Chooses which closed files to merge, or none.
///
/// A tombstone may go when no file outside the merge can hold an older record of its key: when each of them has a floor at
/// or above the tombstone's sequence. Every choice shrinks the store by a set share or the number of small files by one, so
/// merging always comes to an end.
struct MergeSelection {
    /// By floor.
    private let files: [MergeCandidate]
    private let candidates: [MergeCandidate]
    let options: BitcaskOptions
    /// Files replaced before that are still there, which the output must list as well.
    let stillListed: Int

    init(files: [MergeCandidate], options: BitcaskOptions, stillListed: Int) {
        self.files = files.sorted { ($0.header.floor, $0.id) < ($1.header.floor, $1.id) }
        candidates = self.files.filter(\.isMergeable)
        self.options = options
        self.stillListed = stillListed
    }

    func choose() -> [MergeCandidate]? {
        wasteful ?? oldest ?? small
    }

    /// Every sealed file, as many as fit one output; for an operator who wants the space back now.
    func everything() -> [MergeCandidate]? {
        let chosen = fitting(
            candidates.filter { $0.deadBytes > ReplacedFiles.recordBytes(count: 1 + stillListed) })
        return chosen.isEmpty ? small : chosen
    }

    /// The floor below which tombstones of these files must be kept.
    func floorOutside(_ chosen: [MergeCandidate]) -> UInt64 {
        let ids = Set(chosen.map(\.id))
        return files.first { !ids.contains($0.id) }?.header.floor ?? .max
    }

    /// Each file that is worth rewriting by itself.
    private var wasteful: [MergeCandidate]? {
        let chosen = fitting(candidates.filter { isWorthwhile([$0]) })
        return !chosen.isEmpty && isWorthwhile(chosen) ? chosen : nil
    }

    /// The shortest run of oldest files that is worth rewriting together, for tombstones that wait for the values they
    /// bury.
    private var oldest: [MergeCandidate]? {
        for count in stride(from: 2, through: candidates.count, by: 1) {
            let run = Array(candidates.prefix(count))
            guard fitting(run).count == count else { return nil }
            if isWorthwhile(run) { return run }
        }
        return nil
    }

    private var small: [MergeCandidate]? {
        let chosen = fitting(candidates.filter { $0.length < UInt64(options.mergeSmallFileBytes) })
        return chosen.count > 1 ? chosen : nil
    }

    private func isWorthwhile(_ chosen: [MergeCandidate]) -> Bool {
        let floor = floorOutside(chosen)
        var bytes: UInt64 = 0
        var reclaimed: UInt64 = 0
        for file in chosen {
            bytes += file.recordBytes
            reclaimed += file.maximumSequence <= floor ? file.deadBytes : file.garbageBytes
        }
        return reclaimed > ReplacedFiles.recordBytes(count: chosen.count + stillListed)
            && Double(reclaimed) >= Double(bytes) * options.mergeDeadShare
    }

    /// As many of the files, in order, as surely fit one output file; the first always does.
    private func fitting(_ files: [MergeCandidate]) -> [MergeCandidate] {
        var bytes: UInt64 = 0
        return Array(
            files.prefix { file in
                let isFirst = bytes == 0
                bytes += max(file.recordBytes - min(file.recordBytes, file.garbageBytes), 1)
                return isFirst || bytes <= UInt64(options.maximumFileBytes)
            })
    }
}
