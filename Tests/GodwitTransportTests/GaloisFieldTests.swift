import Testing

@testable import GodwitTransport

@Suite("The field of 256 elements")
struct GaloisFieldTests {
    /// By powers of x, which generates the field: another way to the same products.
    private static let powers: [UInt8] = {
        var powers: [UInt8] = [1]
        while powers.count < 255 {
            let next = UInt16(powers[powers.count - 1]) << 1
            powers.append(UInt8(truncatingIfNeeded: next & 0x100 != 0 ? next ^ 0x11d : next))
        }
        return powers
    }()

    @Test("products are those of logarithms, and every element but 0 has an inverse")
    func products() {
        #expect(Set(Self.powers).count == 255)
        for a in 0..<255 {
            let products = (0..<255).map { GaloisField.multiply(Self.powers[a], Self.powers[$0]) }
            #expect(products == (0..<255).map { Self.powers[(a + $0) % 255] })
            #expect(GaloisField.multiply(Self.powers[a], GaloisField.inverse(Self.powers[a])) == 1)
            #expect(GaloisField.multiply(Self.powers[a], 0) == 0)
            #expect(GaloisField.multiply(0, Self.powers[a]) == 0)
        }
    }

    @Test("words and leftovers are multiplied like single bytes", arguments: [0, 1, 7, 8, 9, 100])
    func words(count: Int) {
        let source = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 37 &+ 11) }
        let before = (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 91 &+ 5) }
        for factor in UInt8.min ... .max {
            var sum = before
            sum.withUnsafeMutableBytes { target in
                source.withUnsafeBytes { GaloisField.add(factor, times: $0, to: target) }
            }
            #expect(sum == zip(before, source).map { $0 ^ GaloisField.multiply($1, factor) })
            var product = source
            product.withUnsafeMutableBytes { GaloisField.scale($0, by: factor) }
            #expect(product == source.map { GaloisField.multiply($0, factor) })
        }
    }
}
