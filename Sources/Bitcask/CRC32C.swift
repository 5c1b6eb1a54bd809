/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78; RFC 3720 §12.1): by the processor's instruction where it has one, else
/// from tables.
///
/// From tables, short inputs go eight bytes at a time. Long ones go in five braids (Kadatch and Jenkins, "Everything we know about CRC but
/// afraid to forget", 2010): five words whose lookups do not wait for each other, so that loads and not latency are the limit.
enum CRC32C {
    private static let polynomial: UInt32 = 0x82f6_3b78
    private static let braids = 5
    private static let braidedBlock = 8 * braids
    /// Below this many bytes the braids' beginning and end cost more than they save.
    private static let shortestBraided = 192

    /// `sliced[k * 256 + b]` is the CRC of byte `b` followed by `k` zero bytes.
    ///
    /// `nonisolated(unsafe)`: written once, before the first reader gets it, and never freed.
    nonisolated(unsafe) private static let sliced: UnsafePointer<UInt32> = table(zerosBehindFirst: 7)
    /// The same for a byte of a word that has the other braids' words behind it.
    ///
    /// `nonisolated(unsafe)`: as above.
    nonisolated(unsafe) private static let braided: UnsafePointer<UInt32> = table(zerosBehindFirst: braidedBlock - 1)

    /// Eight tables; table `k` is for a byte with `zerosBehindFirst - 7 + k` zero bytes behind it.
    private static func table(zerosBehindFirst: Int) -> UnsafePointer<UInt32> {
        var single = [UInt32](repeating: 0, count: 256)
        for byte in 0..<256 {
            var crc = UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ polynomial : crc >> 1 }
            single[byte] = crc
        }
        let tables = UnsafeMutablePointer<UInt32>.allocate(capacity: 8 * 256)
        var current = single
        for zeros in 0...zerosBehindFirst {
            if zeros > 0 {
                for byte in 0..<256 { current[byte] = (current[byte] >> 8) ^ single[Int(current[byte] & 0xff)] }
            }
            let slot = zeros - (zerosBehindFirst - 7)
            if slot >= 0 { for byte in 0..<256 { tables[slot * 256 + byte] = current[byte] } }
        }
        return UnsafePointer(tables)
    }

    /// The checksum of `bytes` behind whatever `seed` is the checksum of; 0 begins anew.
    static func checksum(_ bytes: [UInt8], seed: UInt32 = 0) -> UInt32 {
        bytes.withUnsafeBytes { checksum($0, seed: seed) }
    }

    /// The checksum of `bytes` behind whatever `seed` is the checksum of; 0 begins anew.
    @inline(__always)
    static func checksum(_ bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
        #if arch(x86_64)
        if let start = bytes.baseAddress, CRC32CInstruction.isThere {
            return ~CRC32CInstruction.update(~seed, start, bytes.count)
        }
        #endif
        return tabled(bytes, seed: seed)
    }

    /// The same from tables, whatever the processor has.
    static func tabled(_ bytes: UnsafeRawBufferPointer, seed: UInt32 = 0) -> UInt32 {
        guard var input = bytes.baseAddress else { return seed }
        var left = bytes.count
        var crc = ~seed
        if left >= shortestBraided { crc = braid(&input, &left, crc) }
        let table = sliced
        while left >= 8 {
            crc = lookUp(table, word(input) ^ UInt64(crc))
            input += 8
            left &-= 8
        }
        while left > 0 {
            let byte = input.load(as: UInt8.self)
            crc = (crc >> 8) ^ table[Int(UInt8(truncatingIfNeeded: crc) ^ byte)]
            input += 1
            left &-= 1
        }
        return ~crc
    }

    private static func braid(_ input: inout UnsafeRawPointer, _ left: inout Int, _ seed: UInt32) -> UInt32 {
        let table = braided
        var (first, second, third, fourth, fifth) = (UInt64(seed), 0 as UInt64, 0 as UInt64, 0 as UInt64, 0 as UInt64)
        // The last block is left for the end, where the braids come together.
        while left >= 2 &* braidedBlock {
            first = UInt64(lookUp(table, first ^ word(input)))
            second = UInt64(lookUp(table, second ^ word(input + 8)))
            third = UInt64(lookUp(table, third ^ word(input + 16)))
            fourth = UInt64(lookUp(table, fourth ^ word(input + 24)))
            fifth = UInt64(lookUp(table, fifth ^ word(input + 32)))
            input += braidedBlock
            left &-= braidedBlock
        }
        var crc = lookUp(sliced, first ^ word(input))
        crc = lookUp(sliced, second ^ UInt64(crc) ^ word(input + 8))
        crc = lookUp(sliced, third ^ UInt64(crc) ^ word(input + 16))
        crc = lookUp(sliced, fourth ^ UInt64(crc) ^ word(input + 24))
        crc = lookUp(sliced, fifth ^ UInt64(crc) ^ word(input + 32))
        input += braidedBlock
        left &-= braidedBlock
        return crc
    }

    @inline(__always)
    private static func word(_ input: UnsafeRawPointer) -> UInt64 {
        UInt64(littleEndian: input.loadUnaligned(as: UInt64.self))
    }

    @inline(__always)
    private static func lookUp(_ table: UnsafePointer<UInt32>, _ word: UInt64) -> UInt32 {
        let low =
            table[1792 &+ Int(word & 0xff)] ^ table[1536 &+ Int((word >> 8) & 0xff)]
            ^ table[1280 &+ Int((word >> 16) & 0xff)] ^ table[1024 &+ Int((word >> 24) & 0xff)]
        let high =
            table[768 &+ Int((word >> 32) & 0xff)] ^ table[512 &+ Int((word >> 40) & 0xff)]
            ^ table[256 &+ Int((word >> 48) & 0xff)] ^ table[Int(word >> 56)]
        return low ^ high
    }
}
