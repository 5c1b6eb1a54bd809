/// What the store knows of one data file.
struct DataFile {
    let header: FileHeader
    var length: UInt64
    /// Bytes of records that the keydir points at.
    var liveBytes: UInt64 = 0
    var tombstoneBytes: UInt64 = 0
    var maximumSequence: UInt64
    /// Holds bytes that failed a check. Such a file is never merged away: a backup or a repair may still need it.
    var isDamaged = false

    init(header: FileHeader, length: UInt64 = UInt64(FileHeader.length)) {
        self.header = header
        self.length = length
        maximumSequence = header.floor
    }

    var recordBytes: UInt64 { length - min(length, UInt64(FileHeader.length)) }
    var deadBytes: UInt64 { recordBytes - min(recordBytes, liveBytes) }
    /// Overwritten values: dead whatever other files hold.
    var garbageBytes: UInt64 { deadBytes - min(deadBytes, tombstoneBytes) }
}

/// The keydir and the files it points into, with the books of live and dead bytes.
struct StoreIndex {
    private(set) var keydir = Keydir()
    var files: [UInt32: DataFile] = [:]
    var liveBytes: UInt64 { files.values.reduce(0) { $0 + $1.liveBytes } }
    var deadBytes: UInt64 { files.values.reduce(0) { $0 + $1.deadBytes } }

    /// Points `key` at a new record.
    mutating func place(_ key: [UInt8], at location: Location) {
        if let before = keydir.set(key, location) { release(key, at: before) }
        files[location.fileID]?.liveBytes += Self.length(key, location)
        files[location.fileID]?.maximumSequence.raise(to: location.sequence)
    }

    /// Enters a deletion whose tombstone lies at `location`.
    mutating func bury(_ key: [UInt8], at location: Location) {
        if let before = keydir.remove(key) { release(key, at: before) }
        count(tombstone: key, at: location)
    }

    /// Enters a tombstone that changes nothing for its key.
    mutating func count(tombstone key: [UInt8], at location: Location) {
        files[location.fileID]?.tombstoneBytes += Self.length(key, location)
        files[location.fileID]?.maximumSequence.raise(to: location.sequence)
    }

    private mutating func release(_ key: [UInt8], at location: Location) {
        files[location.fileID]?.liveBytes -= Self.length(key, location)
    }

    private static func length(_ key: [UInt8], _ location: Location) -> UInt64 {
        UInt64(RecordHeader.recordLength(key: key.count, value: Int(location.valueLength)))
    }
}

extension UInt64 {
    fileprivate mutating func raise(to other: UInt64) {
        self = Swift.max(self, other)
    }
}
