/// Walks the records of one data file, and finds the way back after damage.
struct RecordReader<Disk: FileSystem> {
    struct Record {
        let header: RecordHeader
        let offset: UInt32
        /// False when header and key are sound but the value is not.
        let isValueSound: Bool
        /// Header, key and value, as much of them as the file has; good until the reader goes on.
        let bytes: UnsafeRawBufferPointer

        var end: UInt64 { UInt64(offset) + UInt64(header.recordLength) }
        var key: UnsafeRawBufferPointer { header.key(bytes) }
        /// Only of a sound value.
        var value: UnsafeRawBufferPointer { header.value(bytes) }
        /// How much of the file was durable when this was written.
        var durable: UInt64 { UInt64(offset - min(header.undurable, offset)) }

        func location(in slot: UInt16) -> Location {
            Location(
                slot: slot, offset: offset, recordLength: header.recordLength, expires: header.flags.contains(.expires))
        }
    }

    enum Step {
        case record(Record)
        /// Bytes that are no record, up to the next sound header or the file's end.
        case damage(offset: UInt64, bytes: UInt64)
        case end
    }

    private let window: FileWindow<Disk>
    private let header: FileHeader
    private(set) var offset: UInt64
    /// Where the last sound record ended.
    private var soundEnd: UInt64
    private var lastSequence: UInt64

    init(window: FileWindow<Disk>, header: FileHeader) {
        self.window = window
        self.header = header
        offset = UInt64(FileHeader.length)
        soundEnd = offset
        lastSequence = header.floor
    }

    var size: UInt64 { window.size }

    mutating func next() throws(SystemError) -> Step {
        guard offset < window.size else { return .end }
        if let record = try record(at: offset) {
            offset = record.end
            soundEnd = record.end
            lastSequence = record.header.sequence
            return .record(record)
        }
        let damaged = offset
        offset += 1
        while offset < window.size, try record(at: offset) == nil { offset += 1 }
        return .damage(offset: damaged, bytes: offset - damaged)
    }

    private func record(at offset: UInt64) throws(SystemError) -> Record? {
        guard let start = UInt32(exactly: offset), window.size - offset >= UInt64(RecordHeader.minimumLength) else {
            return nil
        }
        let fixed = try window.bytes(at: offset, count: RecordHeader.maximumLength)
        guard let candidate = RecordHeader(unverified: fixed), fits(candidate, at: offset) else { return nil }
        let head = try window.bytes(at: offset, count: candidate.length + candidate.keyLength)
        guard candidate.isHeaderSound(head, salt: header.salt, offset: start) else { return nil }
        // Only now is the value's length believed, and a value that the file cuts off is not sound.
        let whole = try window.bytes(at: offset, count: candidate.recordLength)
        return Record(
            header: candidate, offset: start, isValueSound: candidate.isValueSound(whole), bytes: whole)
    }

    /// Cheap tests before the checksum, so that searching byte by byte stays fast.
    private func fits(_ candidate: RecordHeader, at offset: UInt64) -> Bool {
        guard candidate.sequence > header.floor, UInt64(candidate.undurable) <= offset else { return false }
        // A log's sequences rise by one a record; no more can be missing than had room in the bytes between.
        guard header.kind == .log else { return true }
        let lost = (offset - soundEnd) / UInt64(RecordHeader.minimumLength)
        return candidate.sequence > lastSequence && candidate.sequence - lastSequence <= lost + 1
    }
}
