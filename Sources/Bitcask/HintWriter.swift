extension HintFile.Builder {
    mutating func add<Disk: FileSystem>(_ record: RecordReader<Disk>.Record, in fileID: UInt32) {
        add(
            key: record.key, location: record.location(in: fileID),
            isTombstone: record.header.flags.contains(.tombstone))
    }
}

/// Writes hint files: whole under another name first, so that a half-written one is never met.
struct HintWriter<Disk: FileSystem> {
    let disk: Disk
    let directory: String

    func write(_ hint: HintFile.Builder, for header: FileHeader, dataLength: UInt64) throws(SystemError) {
        let path = "\(directory)/\(FileName.ofHint(header.fileID))"
        let temporary = FileName.ofTemporary(for: path)
        do throws(SystemError) {
            let file = try disk.create(temporary)
            defer { disk.close(file) }
            try disk.write(file, hint.finish(for: header, dataLength: dataLength).span.bytes, at: 0)
            try disk.sync(file)
            try disk.rename(temporary, to: path)
        } catch {
            try? disk.remove(temporary)
            throw error
        }
    }
}
