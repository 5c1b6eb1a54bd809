import GodwitWire
import NIOCore
import Testing

@Suite("Small values")
struct ValueTests {
    @Test("a connection ID keeps its bytes at every length", arguments: 0...20)
    func connectionID(length: Int) throws {
        let bytes = RandomSource.seeded(UInt64(length)).bytes(length)
        let id = try #require(ConnectionID(bytes))
        #expect(id.bytes == bytes)
        #expect(id.count == length)
        var buffer = ByteBuffer()
        id.write(into: &buffer)
        #expect(Array(buffer.readableBytesView) == bytes)
        #expect(try ConnectionID(reading: &buffer, length: length) == id)
    }

    @Test("IDs that differ in length only are different")
    func lengthsMatter() {
        #expect(ConnectionID([0, 0]) != ConnectionID([0]))
        #expect(ConnectionID([0]) != ConnectionID.empty)
    }

    @Test("a connection ID over 20 bytes is refused")
    func tooLong() {
        #expect(ConnectionID([UInt8](repeating: 1, count: 21)) == nil)
        var buffer = ByteBuffer(repeating: 0, count: 30)
        #expect(throws: WireError.connectionIDTooLong(21)) { try ConnectionID(reading: &buffer, length: 21) }
    }

    @Test("addresses print as people write them")
    func addresses() {
        #expect(Address(ipv4: 0xc000_0201, port: 443).description == "192.0.2.1:443")
        #expect(Address(ipv4: 0xc000_0201, port: 443).ipv4 == 0xc000_0201)
        let six = Address(high: 0x2001_0db8_0000_0000, low: 1, port: 53)
        #expect(six.description == "[2001:db8:0:0:0:0:0:1]:53")
        #expect(six.ipv4 == nil)
    }

    @Test("a seeded source repeats itself, and another seed does not")
    func seeded() {
        let (first, second, other) = (RandomSource.seeded(5), RandomSource.seeded(5), RandomSource.seeded(6))
        let numbers = (0..<8).map { _ in first.next() }
        #expect(numbers == (0..<8).map { _ in second.next() })
        #expect(numbers != (0..<8).map { _ in other.next() })
        #expect((0..<1000).allSatisfy { _ in (0..<1).contains(first.uniform()) })
        #expect(first.bytes(13).count == 13)
    }
}
