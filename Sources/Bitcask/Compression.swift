import CZlib

/// Values of records with the flag *compressed*: the length of what they were as a varint, then a zlib stream (RFC 1950).
enum Compression {
    /// Below this many bytes there is next to nothing to win.
    static let smallestValue = 64
    /// zlib's fastest: a store's writers wait for it.
    private static let level: Int32 = 1

    /// The value compressed, where that saves an eighth at least; else nil.
    static func compress(_ value: UnsafeRawBufferPointer) -> [UInt8]? {
        guard value.count >= smallestValue, value.count <= RecordHeader.maximumValueBytes else { return nil }
        let limit = value.count - value.count / 8
        return withUnsafeTemporaryAllocation(byteCount: limit, alignment: 8) { target in
            guard let base = target.baseAddress else { return nil }
            let prefix = Varint.write(UInt64(value.count), to: base)
            var length = uLong(limit - prefix)
            // A buffer that is too small is how zlib says that too little was saved.
            let code = compress2(
                (base + prefix).assumingMemoryBound(to: UInt8.self), &length,
                value.baseAddress?.assumingMemoryBound(to: UInt8.self), uLong(value.count), level)
            return code == Z_OK ? Array(target[..<(prefix + Int(length))]) : nil
        }
    }

    /// What was compressed; nil when these bytes are no such stream, or not of exactly the length that they tell.
    static func expand(_ bytes: UnsafeRawBufferPointer) -> [UInt8]? {
        var start = 0
        guard let told = Varint.read(bytes, at: &start), told <= UInt64(RecordHeader.maximumValueBytes) else {
            return nil
        }
        let count = Int(told)
        let value = [UInt8](unsafeUninitializedCapacity: count) { target, filled in
            var length = uLong(count)
            let source = UnsafeRawBufferPointer(rebasing: bytes[start...])
            let code = uncompress(
                target.baseAddress, &length, source.baseAddress?.assumingMemoryBound(to: UInt8.self),
                uLong(source.count))
            filled = code == Z_OK ? Int(length) : 0
        }
        return value.count == count ? value : nil
    }
}
