import Glibc

extension Array<UInt8> {
    /// Byte order, a prefix before what it begins.
    func precedes(_ other: [UInt8]) -> Bool {
        let shared = Swift.min(count, other.count)
        let order = withUnsafeBufferPointer { left in
            other.withUnsafeBufferPointer { right in
                guard shared > 0, let left = left.baseAddress, let right = right.baseAddress else { return Int32(0) }
                return memcmp(left, right, shared)
            }
        }
        return order == 0 ? count < other.count : order < 0
    }

    /// The smallest key above every key that begins with these bytes; nil when there is none.
    var firstBeyondPrefix: [UInt8]? {
        var bound = self
        while let last = bound.popLast() {
            guard last < 0xff else { continue }
            bound.append(last + 1)
            return bound
        }
        return nil
    }
}
