/// Chooses which closed files to merge, or none.
///
/// A tombstone may go when no file outside the merge can hold an older record of its key: when each of them has a floor at
/// or above the tombstone's sequence. Every choice shrinks the store by a set share or the number of small files by one, so
/// merging always comes to an end.
struct MergeSelection {
    let files: [DataFile]
    let activeID: UInt32
    let options: BitcaskOptions
    /// Files replaced before that are still there, which the output must list as well.
    let stillListed: Int
    /// Milliseconds since 1970, for what has expired.
    let now: UInt64

    func choose() -> [DataFile]? {
        let candidates = files.filter { $0.isSealed && $0.id != activeID && !$0.isDamaged }
            .sorted { ($0.header.floor, $0.header.fileID) < ($1.header.floor, $1.header.fileID) }
        return wasteful(candidates) ?? oldest(candidates) ?? small(candidates)
    }

    /// Every sealed file, as many as fit one output; for an operator who wants the space back now.
    func everything() -> [DataFile]? {
        let candidates = files.filter { $0.isSealed && $0.id != activeID && !$0.isDamaged }
            .sorted { ($0.header.floor, $0.id) < ($1.header.floor, $1.id) }
        let chosen = fitting(
            candidates.filter { $0.deadBytes(at: now) > ReplacedFiles.recordBytes(count: 1 + stillListed) })
        return chosen.isEmpty ? small(candidates) : chosen
    }

    /// The floor below which tombstones of these files must be kept.
    func floorOutside(_ chosen: [DataFile]) -> UInt64 {
        let ids = Set(chosen.map(\.header.fileID))
        return files.filter { !ids.contains($0.header.fileID) }.map(\.header.floor).min() ?? .max
    }

    /// Each file that is worth rewriting by itself.
    private func wasteful(_ candidates: [DataFile]) -> [DataFile]? {
        let chosen = fitting(candidates.filter { isWorthwhile([$0]) })
        return !chosen.isEmpty && isWorthwhile(chosen) ? chosen : nil
    }

    /// The shortest run of oldest files that is worth rewriting together, for tombstones that wait for the values they
    /// bury.
    private func oldest(_ candidates: [DataFile]) -> [DataFile]? {
        for count in stride(from: 2, through: candidates.count, by: 1) {
            let run = Array(candidates.prefix(count))
            guard fitting(run).count == count else { return nil }
            if isWorthwhile(run) { return run }
        }
        return nil
    }

    private func small(_ candidates: [DataFile]) -> [DataFile]? {
        let chosen = fitting(candidates.filter { $0.length < UInt64(options.mergeSmallFileBytes) })
        return chosen.count > 1 ? chosen : nil
    }

    private func isWorthwhile(_ chosen: [DataFile]) -> Bool {
        let floor = floorOutside(chosen)
        var bytes: UInt64 = 0
        var reclaimed: UInt64 = 0
        for file in chosen {
            bytes += file.recordBytes
            reclaimed += file.maximumSequence <= floor ? file.deadBytes(at: now) : file.garbageBytes(at: now)
        }
        return reclaimed > ReplacedFiles.recordBytes(count: chosen.count + stillListed)
            && Double(reclaimed) >= Double(bytes) * options.mergeDeadShare
    }

    /// As many of the files, in order, as surely fit one output file; the first always does.
    private func fitting(_ files: [DataFile]) -> [DataFile] {
        var bytes: UInt64 = 0
        return Array(
            files.prefix { file in
                let isFirst = bytes == 0
                bytes += max(file.recordBytes - min(file.recordBytes, file.garbageBytes(at: now)), 1)
                return isFirst || bytes <= UInt64(options.maximumFileBytes)
            })
    }
}
