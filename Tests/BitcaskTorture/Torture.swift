import Bitcask

/// The operations that a writing process is killed in, the same from the same number for the process that writes and the test
/// that checks.
package struct TortureOperation: Sendable {
    package enum Change: Sendable {
        case put([UInt8])
        case delete
    }

    /// A batch when there are several.
    package let changes: [(key: [UInt8], change: Change)]

    package init(_ number: UInt64) {
        var state = number &* 0x9e37_79b9_7f4a_7c15
        func next() -> UInt64 {
            state &+= 0x9e37_79b9_7f4a_7c15
            var mixed = state
            mixed = (mixed ^ (mixed >> 30)) &* 0xbf58_476d_1ce4_e5b9
            mixed = (mixed ^ (mixed >> 27)) &* 0x94d0_49bb_1331_11eb
            return mixed ^ (mixed >> 31)
        }
        changes = (0..<(next() % 4 == 0 ? 3 : 1)).map { _ in
            let key = Array("key \(next() % 200)".utf8)
            guard next() % 5 > 0 else { return (key, .delete) }
            let value = [UInt8](repeating: UInt8(truncatingIfNeeded: number), count: Int(next() % 300))
            return (key, .put(Array("\(number) ".utf8) + value))
        }
    }

    package var batch: BitcaskBatch {
        var batch = BitcaskBatch()
        for (key, change) in changes {
            switch change {
            case .put(let value): batch.put(key, value)
            case .delete: batch.delete(key)
            }
        }
        return batch
    }

    /// Small files, so that a short life rotates and merges.
    package static var options: BitcaskOptions {
        BitcaskOptions(maximumFileBytes: 32 << 10, mergeSmallFileBytes: 4 << 10)
    }
}
