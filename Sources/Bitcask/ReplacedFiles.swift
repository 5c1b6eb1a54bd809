/// The first record of a merged file: the numbers of the files that it stands for.
///
/// It makes a merge one atomic step: from the moment the merged file has its name the others no longer count, whichever
/// of them are still there. Without it, removing a file with a tombstone before an older one with the value would, after
/// a crash between the two, bring the value back.
enum ReplacedFiles {
    static func encode(_ ids: [UInt32]) -> [UInt8] {
        var bytes: [UInt8] = []
        for id in ids { bytes.appendLittleEndian(id) }
        return bytes
    }

    static func decode(_ bytes: UnsafeRawBufferPointer) -> [UInt32] {
        stride(from: 0, to: bytes.count - bytes.count % 4, by: 4)
            .map { UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: $0, as: UInt32.self)) }
    }

    /// The files on the list of any of these.
    static func all<Disk: FileSystem>(
        of headers: some Sequence<FileHeader>, disk: Disk, directory: String
    ) throws(BitcaskError) -> Set<UInt32> {
        var replaced: Set<UInt32> = []
        for header in headers where header.kind == .merged {
            let path = "\(directory)/\(FileName.ofData(header.fileID))"
            replaced.formUnion(
                try attempt(path) { () throws(SystemError) -> [UInt32] in
                    try disk.withFile(path) { file throws(SystemError) -> [UInt32] in
                        let window = FileWindow(disk: disk, file: file, size: try disk.size(of: file))
                        var reader = RecordReader(window: window, header: header)
                        guard case .record(let record) = try reader.next(), record.isValueSound,
                            record.header.flags.contains(.replaces)
                        else { return [] }
                        return decode(record.value)
                    }
                })
        }
        return replaced
    }

    /// What the record costs the merged file at most.
    static func recordBytes(count: Int) -> UInt64 { UInt64(RecordHeader.maximumLength + 4 * count) }
}
