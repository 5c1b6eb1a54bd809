/// Walks the records of one data file, and finds the way back after damage.
struct RecordReader<Disk: FileSystem> {
    struct Record {
        let header: RecordHeader
        let offset: UInt32
        let key: [UInt8]
        /// False when header and key are sound but the value is not.
        let isValueSound: Bool

        var end: UInt64 { UInt64(offset) + UInt64(header.recordLength) }

        func location(in fileID: UInt32) -> Location {
            Location(sequence: header.sequence, fileID: fileID, offset: offset, valueLength: header.valueLength)
        }
    }

    enum Step {
        case record(Record)
        /// Bytes that are no record, up to the next sound header or the file's end.
        case damage(offset: UInt64, bytes: UInt64)
        case end
    }

    private var window: FileWindow<Disk>
    private let header: FileHeader
    private(set) var offset = UInt64(FileHeader.length)
    /// Where the last sound record ended.
    private var soundEnd = UInt64(FileHeader.length)
    private var lastSequence: UInt64

    init(window: FileWindow<Disk>, header: FileHeader) {
        self.window = window
        self.header = header
        lastSequence = header.floor
    }

    mutating func next() throws(SystemError) -> Step {
        guard offset < window.size else { return .end }
        if let record = try record(at: offset) {
            accept(record)
            return .record(record)
        }
        let damaged = offset
        offset += 1
        while offset < window.size {
            if try record(at: offset) != nil { break }
            offset += 1
        }
        return .damage(offset: damaged, bytes: offset - damaged)
    }

    /// The value bytes of a record just read.
    mutating func value(of record: Record) throws(SystemError) -> ArraySlice<UInt8> {
        try window.bytes(at: UInt64(record.offset), count: record.header.recordLength)
            .dropFirst(RecordHeader.length + record.key.count)
    }

    private mutating func accept(_ record: Record) {
        offset = record.end
        soundEnd = record.end
        lastSequence = record.header.sequence
    }

    private mutating func record(at offset: UInt64) throws(SystemError) -> Record? {
        guard let start = UInt32(exactly: offset), window.size - offset >= UInt64(RecordHeader.length) else {
            return nil
        }
        let fixed = try window.bytes(at: offset, count: RecordHeader.length)
        guard let candidate = RecordHeader(unverified: fixed.span.bytes), fits(candidate, at: offset) else {
            return nil
        }
        let head = try window.bytes(at: offset, count: RecordHeader.length + Int(candidate.keyLength))
        guard candidate.isHeaderSound(head.span.bytes, salt: header.salt, offset: start) else { return nil }
        let key = Array(head.dropFirst(RecordHeader.length))
        // Only now is the value's length believed, and a value that the file cuts off is not sound.
        let whole = try window.bytes(at: offset, count: candidate.recordLength)
        let sound = candidate.isValueSound(whole.span.bytes)
        return Record(header: candidate, offset: start, key: key, isValueSound: sound)
    }

    /// Cheap tests before the checksum, so that searching byte by byte stays fast.
    private func fits(_ candidate: RecordHeader, at offset: UInt64) -> Bool {
        guard candidate.sequence > header.floor, UInt64(candidate.durable) <= offset else { return false }
        // A log's sequences rise by one a record; no more can be missing than had room in the bytes between.
        guard header.kind == .log else { return true }
        let lost = (offset - soundEnd) / UInt64(RecordHeader.length)
        return candidate.sequence > lastSequence && candidate.sequence - lastSequence <= lost + 1
    }
}
