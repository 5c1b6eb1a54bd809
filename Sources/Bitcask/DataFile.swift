/// What the store knows of one data file. Under the store's lock.
final class DataFile {
    private(set) var header: FileHeader
    /// Where readers find its descriptor.
    let slot: UInt16
    var length: UInt64
    /// Bytes of records that the keydir points at, each rounded as its location has it.
    var liveBytes: UInt64 = 0
    /// Of these, bytes that expire, and when the last of them does, in milliseconds since 1970.
    var expiringBytes: UInt64 = 0
    var lastExpiry: UInt64 = 0
    var tombstoneBytes: UInt64 = 0
    var maximumSequence: UInt64
    /// Holds bytes that failed a check. Such a file is never merged away: a backup or a repair may still need it.
    var isDamaged = false
    /// Every byte is durable and no more will come.
    var isSealed: Bool
    var hasHint = false

    init(header: FileHeader, slot: UInt16, length: UInt64 = UInt64(FileHeader.length), isSealed: Bool) {
        self.header = header
        self.slot = slot
        self.length = length
        self.isSealed = isSealed
        maximumSequence = header.floor
    }

    var id: UInt32 { header.fileID }
    var recordBytes: UInt64 { length - min(length, UInt64(FileHeader.length)) }

    /// Bytes that no read needs at `now`, milliseconds since 1970.
    func deadBytes(at now: UInt64) -> UInt64 {
        let live = liveBytes - (now >= lastExpiry ? min(expiringBytes, liveBytes) : 0)
        return recordBytes - min(recordBytes, live)
    }

    /// Dead whatever other files hold: not tombstones, nor expired values, which become tombstones.
    func garbageBytes(at now: UInt64) -> UInt64 {
        let dead = deadBytes(at: now)
        return dead - min(dead, tombstoneBytes)
    }
}
