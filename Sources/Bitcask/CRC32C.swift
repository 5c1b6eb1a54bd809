/// CRC-32C (Castagnoli, reflected polynomial 0x82F63B78; RFC 3720 §12.1), eight bytes at a time from tables.
enum CRC32C {
    /// `tables[k * 256 + b]` is the CRC of byte `b` followed by `k` zero bytes.
    private static let tables: [UInt32] = {
        var tables = [UInt32](repeating: 0, count: 8 * 256)
        for byte in 0..<256 {
            var crc = UInt32(byte)
            for _ in 0..<8 { crc = crc & 1 == 1 ? (crc >> 1) ^ 0x82f6_3b78 : crc >> 1 }
            tables[byte] = crc
        }
        for index in 256..<tables.count {
            let previous = tables[index - 256]
            tables[index] = (previous >> 8) ^ tables[Int(previous & 0xff)]
        }
        return tables
    }()

    /// The checksum of `bytes` behind whatever `seed` is the checksum of; 0 begins anew.
    static func checksum(_ bytes: RawSpan, seed: UInt32 = 0) -> UInt32 {
        tables.withUnsafeBufferPointer { table in
            bytes.withUnsafeBytes { input in
                var crc = ~seed
                var index = 0
                let count = input.count
                while index &+ 8 <= count {
                    let low = UInt32(littleEndian: input.loadUnaligned(fromByteOffset: index, as: UInt32.self)) ^ crc
                    let high = UInt32(littleEndian: input.loadUnaligned(fromByteOffset: index &+ 4, as: UInt32.self))
                    crc = table[1792 &+ Int(low & 0xff)] ^ table[1536 &+ Int((low >> 8) & 0xff)]
                    crc ^= table[1280 &+ Int((low >> 16) & 0xff)] ^ table[1024 &+ Int(low >> 24)]
                    crc ^= table[768 &+ Int(high & 0xff)] ^ table[512 &+ Int((high >> 8) & 0xff)]
                    crc ^= table[256 &+ Int((high >> 16) & 0xff)] ^ table[Int(high >> 24)]
                    index &+= 8
                }
                while index < count {
                    crc = (crc >> 8) ^ table[Int((crc ^ UInt32(input[index])) & 0xff)]
                    index &+= 1
                }
                return ~crc
            }
        }
    }
}
