/// Tells the unfinished end of the newest file from damage to what was durable, while a reader walks the file.
///
/// Every record says how much of its file was durable when it was written. Damage below the largest such figure is
/// damage, and what follows it stays; damage above it is the tail that a crash tore, and goes with all that follows,
/// and with the batch that it cuts.
struct TornTail {
    private var proven: UInt64 = 0
    private var batchStart: UInt64?
    /// Places of damage, and where the file would be cut for each.
    private var damages: [(offset: UInt64, cut: UInt64)] = []

    mutating func see<Disk: FileSystem>(_ record: RecordReader<Disk>.Record) {
        proven = max(proven, record.durable)
        guard record.isValueSound else { return seeDamage(at: UInt64(record.offset)) }
        if record.header.flags.contains(.begins) {
            batchStart = UInt64(record.offset)
        } else if record.header.flags.contains(.commits) {
            batchStart = nil
        }
    }

    mutating func seeDamage(at offset: UInt64) {
        damages.append((offset, batchStart ?? offset))
        batchStart = nil
        // What is proven by now cannot become a tail; only what may still be one is kept.
        damages.removeAll { $0.offset < proven }
    }

    /// Where the sound part of a file of `length` bytes ends.
    func cut(length: UInt64) -> UInt64 {
        damages.first { $0.offset >= proven }?.cut ?? batchStart ?? length
    }
}
