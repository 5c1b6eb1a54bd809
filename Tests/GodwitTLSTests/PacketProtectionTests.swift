import GodwitTLS
import NIOCore
import Testing

@Suite struct PacketProtectionTests {
    private let secret = hex("9ac312a7f877468ebe69422748ad00a15443f18203a07d6060f688f30f21632b")

    /// A sealed packet: `prefix` foreign bytes, 5 bytes of header, then the payload and its tag.
    private func sealed(_ payload: [UInt8], number: UInt64, prefix: Int = 0) throws -> ByteBuffer {
        var packet = ByteBuffer(repeating: 0xee, count: prefix)
        packet.writeBytes([0x40, 1, 2, 3, 4])
        packet.writeBytes(payload)
        try PacketProtection(secret: secret).seal(
            &packet, headerStart: prefix, payloadStart: prefix + 5, packetNumber: number)
        return packet
    }

    @Test("a packet opens to what was sealed, also behind another in one datagram", arguments: [0, 37])
    func roundTrip(prefix: Int) throws {
        let protection = try PacketProtection(secret: secret)
        for count in [0, 1, 15, 16, 17, 1_150] {
            let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            var packet = try sealed(payload, number: 654_360_564, prefix: prefix)
            #expect(packet.readableBytes == prefix + 5 + count + PacketProtection.tagLength)
            if count >= 16 { #expect(packet.getBytes(at: prefix + 5, length: count) != payload) }
            let length = protection.open(
                &packet, headerStart: prefix, payloadStart: prefix + 5, payloadEnd: packet.writerIndex,
                packetNumber: 654_360_564)
            #expect(length == count)
            #expect(packet.getBytes(at: prefix + 5, length: count) == payload)
        }
    }

    @Test("one object seals and opens in turn")
    func bothDirections() throws {
        let protection = try PacketProtection(secret: secret)
        for number in UInt64(0)..<20 {
            var packet = ByteBuffer(string: "HEADERpayload \(number)")
            let plain = packet
            try protection.seal(&packet, headerStart: 0, payloadStart: 6, packetNumber: number)
            let length = protection.open(
                &packet, headerStart: 0, payloadStart: 6, payloadEnd: packet.writerIndex, packetNumber: number)
            #expect(length == plain.readableBytes - 6)
            #expect(packet.getSlice(at: 0, length: plain.readableBytes) == plain)
        }
    }

    @Test("the ciphertext, the tag and the header mask are those of the documented labels")
    func vector() throws {
        let packet = try sealed(Array("hello".utf8), number: 3)
        #expect(packet == ByteBuffer(bytes: hex("4001020304f678347cc5e81096d4c3415448ada018e5524fb2c8")))
        let mask = try #require(PacketProtection(secret: secret).headerMask(sampleAt: 5, in: packet))
        #expect([mask.0, mask.1, mask.2, mask.3, mask.4] == hex("5bde52163a"))
    }

    @Test("no packet opens with any one bit changed, and none leaves its plaintext behind")
    func everyBit() throws {
        let protection = try PacketProtection(secret: secret)
        let packet = try sealed(Array("a small message".utf8), number: 9)
        for bit in 0..<packet.readableBytes * 8 {
            var damaged = packet.flippingBit(bit)
            let length = protection.open(
                &damaged, headerStart: 0, payloadStart: 5, payloadEnd: damaged.writerIndex, packetNumber: 9)
            #expect(length == nil, "bit \(bit)")
            #expect(damaged.getBytes(at: 5, length: 15) == [UInt8](repeating: 0, count: 15), "bit \(bit)")
        }
        var intact = packet
        let length = protection.open(
            &intact, headerStart: 0, payloadStart: 5, payloadEnd: intact.writerIndex, packetNumber: 9)
        #expect(length == 15)
    }

    @Test("another packet number, another secret and another length do not open it")
    func wrongParameters() throws {
        let protection = try PacketProtection(secret: secret)
        let other = try PacketProtection(secret: [UInt8](repeating: 7, count: 32))
        let packet = try sealed(Array("a small message".utf8), number: 9)
        for (protection, number, end) in [
            (protection, 8, packet.writerIndex), (other, 9, packet.writerIndex),
            (protection, 9, packet.writerIndex - 1),
        ] as [(PacketProtection, UInt64, Int)] {
            var copy = packet
            let length = protection.open(&copy, headerStart: 0, payloadStart: 5, payloadEnd: end, packetNumber: number)
            #expect(length == nil)
        }
    }

    @Test("bounds outside the packet are refused, never trapped")
    func bounds() throws {
        let protection = try PacketProtection(secret: secret)
        let packet = try sealed(Array("a small message".utf8), number: 9)
        let values = [Int.min, -1, 0, 3, 5, 15, 16, 35, 36, 37, 1_000, Int.max]
        for headerStart in values {
            for payloadStart in values {
                var copy = packet
                if headerStart < 0 || headerStart > payloadStart || payloadStart > packet.writerIndex {
                    #expect(throws: TLSError.invalidPacketBounds) {
                        try protection.seal(
                            &copy, headerStart: headerStart, payloadStart: payloadStart, packetNumber: 1)
                    }
                }
                for payloadEnd in values where (headerStart, payloadStart, payloadEnd) != (0, 5, packet.writerIndex) {
                    let length = protection.open(
                        &copy, headerStart: headerStart, payloadStart: payloadStart, payloadEnd: payloadEnd,
                        packetNumber: 9)
                    #expect(length == nil)
                }
            }
            let mask = protection.headerMask(sampleAt: headerStart, in: packet)
            #expect((mask != nil) == (0...20).contains(headerStart))
        }
    }
}
