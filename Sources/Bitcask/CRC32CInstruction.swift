#if arch(x86_64)
import CInstructions

/// CRC-32C by the processor's own instruction, eight bytes a time.
///
/// One waits three cycles for the other, so long inputs go in three streams side by side that are joined at the end of a
/// block: a stream's checksum moves over the bytes of the streams behind it by a table (Gopal et al., "Fast CRC
/// Computation for iSCSI Polynomial Using CRC32 Instruction", Intel 2011).
enum CRC32CInstruction {
    /// Bytes of one stream in one block.
    private static let streamBytes = 256

    static let isThere = godwit_has_crc32c()

    /// Moves a checksum over `streamBytes` zeros: a table for each of its four bytes.
    ///
    /// `nonisolated(unsafe)`: written once, before the first reader gets it, and never freed.
    nonisolated(unsafe) private static let moves: UnsafePointer<UInt32> = {
        let tables = UnsafeMutablePointer<UInt32>.allocate(capacity: 4 * 256)
        for place in 0..<4 {
            for byte in 0..<256 {
                var crc = UInt64(byte) << UInt64(8 * place)
                for _ in 0..<streamBytes / 8 { crc = godwit_crc32c_word(crc, 0) }
                tables[place * 256 + byte] = UInt32(truncatingIfNeeded: crc)
            }
        }
        return UnsafePointer(tables)
    }()

    /// Goes on from `crc`; the inversions are the caller's.
    @inline(__always)
    static func update(_ crc: UInt32, _ start: UnsafeRawPointer, _ count: Int) -> UInt32 {
        var state = UInt64(crc)
        var input = start
        var left = count
        if left >= 3 &* streamBytes { state = interleave(state, &input, &left) }
        while left >= 8 {
            state = godwit_crc32c_word(state, word(input))
            input += 8
            left &-= 8
        }
        var crc = UInt32(truncatingIfNeeded: state)
        while left > 0 {
            crc = godwit_crc32c_byte(crc, input.load(as: UInt8.self))
            input += 1
            left &-= 1
        }
        return crc
    }

    @inline(never)
    private static func interleave(_ crc: UInt64, _ input: inout UnsafeRawPointer, _ left: inout Int) -> UInt64 {
        let moves = moves
        var first = crc
        while left >= 3 &* streamBytes {
            var second: UInt64 = 0
            var third: UInt64 = 0
            let end = input + streamBytes
            while input < end {
                first = godwit_crc32c_word(first, word(input))
                second = godwit_crc32c_word(second, word(input + streamBytes))
                third = godwit_crc32c_word(third, word(input + 2 &* streamBytes))
                input += 8
            }
            first = moved(moves, moved(moves, first) ^ second) ^ third
            input += 2 &* streamBytes
            left &-= 3 &* streamBytes
        }
        return first
    }

    @inline(__always)
    private static func moved(_ moves: UnsafePointer<UInt32>, _ crc: UInt64) -> UInt64 {
        UInt64(
            moves[Int(crc & 0xff)] ^ moves[256 &+ Int((crc >> 8) & 0xff)] ^ moves[512 &+ Int((crc >> 16) & 0xff)]
                ^ moves[768 &+ Int((crc >> 24) & 0xff)])
    }

    @inline(__always)
    private static func word(_ input: UnsafeRawPointer) -> UInt64 { input.loadUnaligned(as: UInt64.self) }
}
#endif
