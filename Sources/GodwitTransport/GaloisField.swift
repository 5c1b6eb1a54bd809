/// The field of 256 elements modulo x^8 + x^4 + x^3 + x^2 + 1, as in RFC 8681 §3.7.1: each byte of a symbol is a number of it. Adding is
/// xor.
enum GaloisField {
    /// What x^8 is, without x^8 itself.
    private static let reduction: UInt8 = 0x1d

    static func multiply(_ a: UInt8, _ b: UInt8) -> UInt8 {
        var product: UInt8 = 0
        var power = a
        var factor = b
        while factor != 0 {
            if factor & 1 != 0 { product ^= power }
            power = (power &<< 1) ^ (power & 0x80 != 0 ? reduction : 0)
            factor &>>= 1
        }
        return product
    }

    /// Of 0 it is 0, which nobody asks for.
    static func inverse(_ value: UInt8) -> UInt8 { inverses[Int(value)] }

    private static let inverses: ContiguousArray<UInt8> = {
        var inverses = ContiguousArray<UInt8>(repeating: 0, count: 256)
        for value in UInt8(1)...255 {
            for other in value...255 where multiply(value, other) == 1 {
                inverses[Int(value)] = other
                inverses[Int(other)] = value
            }
        }
        return inverses
    }()

    /// Adds `factor` times `source` to `target`, byte by byte, as far as both reach.
    static func add(_ factor: UInt8, times source: UnsafeRawBufferPointer, to target: UnsafeMutableRawBufferPointer) {
        guard factor != 0 else { return }
        let count = min(source.count, target.count)
        var offset = 0
        while offset + 8 <= count {
            let word = source.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            let sum = target.loadUnaligned(fromByteOffset: offset, as: UInt64.self) ^ multiply(word, factor)
            target.storeBytes(of: sum, toByteOffset: offset, as: UInt64.self)
            offset += 8
        }
        while offset < count {
            target[offset] ^= multiply(source[offset], factor)
            offset += 1
        }
    }

    /// Multiplies all of `bytes` by `factor`.
    static func scale(_ bytes: UnsafeMutableRawBufferPointer, by factor: UInt8) {
        guard factor != 1 else { return }
        var offset = 0
        while offset + 8 <= bytes.count {
            let word = bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self)
            bytes.storeBytes(of: multiply(word, factor), toByteOffset: offset, as: UInt64.self)
            offset += 8
        }
        while offset < bytes.count {
            bytes[offset] = multiply(bytes[offset], factor)
            offset += 1
        }
    }

    /// Eight numbers by one. The factor's bits are the same for a whole symbol, so its branches are predicted.
    private static func multiply(_ numbers: UInt64, _ factor: UInt8) -> UInt64 {
        var product: UInt64 = 0
        var power = numbers
        var factor = factor
        while true {
            if factor & 1 != 0 { product ^= power }
            factor &>>= 1
            guard factor != 0 else { return product }
            let carries = (power &>> 7) & 0x0101_0101_0101_0101
            power = ((power & 0x7f7f_7f7f_7f7f_7f7f) &<< 1) ^ (carries &* UInt64(reduction))
        }
    }
}
