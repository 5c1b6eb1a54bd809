import Glibc

/// The order of keys: by byte, a prefix before what it begins.
enum ByteOrder {
    static func precedes(_ left: UnsafeRawBufferPointer, _ right: UnsafeRawBufferPointer) -> Bool {
        let shared = min(left.count, right.count)
        guard shared > 0, let first = left.baseAddress, let second = right.baseAddress else {
            return left.count < right.count
        }
        let order = memcmp(first, second, shared)
        return order == 0 ? left.count < right.count : order < 0
    }

    static func precedes(_ left: [UInt8], _ right: [UInt8]) -> Bool {
        left.withUnsafeBytes { left in right.withUnsafeBytes { right in precedes(left, right) } }
    }

    static func begins(_ key: UnsafeRawBufferPointer, with prefix: UnsafeRawBufferPointer) -> Bool {
        guard key.count >= prefix.count else { return false }
        guard !prefix.isEmpty, let left = key.baseAddress, let right = prefix.baseAddress else { return true }
        return memcmp(left, right, prefix.count) == 0
    }

    /// The smallest key above every key that begins with these bytes; nil when there is none.
    static func firstBeyond(prefix: UnsafeRawBufferPointer) -> [UInt8]? {
        var bound = Array(prefix)
        while let last = bound.popLast() {
            guard last < 0xff else { continue }
            bound.append(last + 1)
            return bound
        }
        return nil
    }
}
