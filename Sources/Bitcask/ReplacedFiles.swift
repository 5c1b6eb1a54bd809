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

    static func read<Disk: FileSystem>(_ reader: inout RecordReader<Disk>) throws(SystemError) -> [UInt32] {
        guard case .record(let record) = try reader.next(), record.isValueSound,
            record.header.flags.contains(.replaces)
        else { return [] }
        let value = Array(try reader.value(of: record))
        let span = value.span.bytes
        return stride(from: 0, to: value.count - value.count % 4, by: 4).map { span.littleEndian(UInt32.self, at: $0) }
    }
}

extension ReplacedFiles {
    /// What the record costs the merged file.
    static func recordBytes(count: Int) -> UInt64 {
        UInt64(RecordHeader.recordLength(key: 0, value: 4 * count))
    }
}
