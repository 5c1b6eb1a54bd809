/// A write whose sizes are checked and of which nothing is encoded yet.
enum PendingWrite {
    /// The bytes lie with the caller, who waits.
    case one(UnsafeRawBufferPointer, UnsafeRawBufferPointer, RecordHeader.Flags, expiry: UInt64)
    case batch([BitcaskBatch.Write])

    /// Records, and so sequences.
    var count: Int {
        switch self {
        case .one: 1
        case .batch(let writes): writes.count
        }
    }

    var keyBytes: Int {
        switch self {
        case .one(let key, _, _, _): key.count
        case .batch(let writes): writes.reduce(0) { $0 + $1.key.count }
        }
    }

    /// Encoded bytes at most.
    var bound: Int {
        switch self {
        case .one(let key, let value, _, _): RecordHeader.maximumLength + key.count + value.count
        case .batch(let writes):
            writes.reduce(0) { $0 + RecordHeader.maximumLength + $1.key.count + $1.valueLength }
        }
    }
}

extension BitcaskBatch.Write {
    var valueLength: Int { if case .value(let bytes, _, _) = change { bytes.count } else { 0 } }
}
