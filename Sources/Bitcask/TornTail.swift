/// One finding of a walk through a data file.
enum ScanEvent<Disk: FileSystem> {
    case record(RecordReader<Disk>.Record)
    case damage(offset: UInt64, bytes: UInt64)

    var offset: UInt64 {
        switch self {
        case .record(let record): UInt64(record.offset)
        case .damage(let offset, _): offset
        }
    }
}

/// Tells the unfinished end of the newest file from damage to what was durable.
///
/// Every record says how much of its file was durable when it was written. Damage below the largest such figure is
/// damage, and what follows it stays; damage above it is the tail that a crash tore, and goes with all that follows,
/// and with the batch that it cuts.
enum TornTail {
    /// Where the sound part of the newest file ends.
    static func cut<Disk: FileSystem>(_ events: [ScanEvent<Disk>], fileLength: UInt64) -> UInt64 {
        var proven: UInt64 = 0
        for case .record(let record) in events { proven = max(proven, UInt64(record.header.durable)) }
        var batchStart: UInt64?
        for event in events {
            switch event {
            case .record(let record) where record.isValueSound:
                let continues = record.header.flags.contains(.continues)
                batchStart = continues ? batchStart ?? event.offset : nil
            case .record, .damage:
                guard event.offset < proven else { return batchStart ?? event.offset }
                batchStart = nil
            }
        }
        return batchStart ?? fileLength
    }
}
