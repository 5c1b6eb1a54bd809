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

    /// Opens `header..<payload..<end` of a packet, without trapping on any bounds.
    private func open(
        _ protection: PacketProtection, _ packet: ByteBuffer, headerStart: Int = 0, payloadStart: Int = 5,
        payloadEnd: Int? = nil, number: UInt64, into plaintext: inout ByteBuffer
    ) -> Bool {
        packet.withVeryUnsafeBytes { bytes in
            protection.open(
                UnsafeRawBufferPointer(rebasing: bytes[payloadStart..<(payloadEnd ?? packet.writerIndex)]),
                header: UnsafeRawBufferPointer(rebasing: bytes[headerStart..<payloadStart]), packetNumber: number,
                into: &plaintext)
        }
    }

    @Test("a packet opens to what was sealed, also behind another in one datagram", arguments: [0, 37])
    func roundTrip(prefix: Int) throws {
        let protection = try PacketProtection(secret: secret)
        for count in [0, 1, 15, 16, 17, 1_150] {
            let payload = (0..<count).map { UInt8(truncatingIfNeeded: $0) }
            let packet = try sealed(payload, number: 654_360_564, prefix: prefix)
            #expect(packet.readableBytes == prefix + 5 + count + PacketProtection.tagLength)
            if count >= 16 { #expect(packet.getBytes(at: prefix + 5, length: count) != payload) }
            var plaintext = ByteBuffer(string: "of the packet before")
            let isAuthentic = open(
                protection, packet, headerStart: prefix, payloadStart: prefix + 5, number: 654_360_564, into: &plaintext
            )
            #expect(isAuthentic)
            #expect(plaintext == ByteBuffer(bytes: payload))
        }
    }

    @Test("one object seals and opens in turn, whether or not it rests in between", arguments: [false, true])
    func bothDirections(rests: Bool) throws {
        let protection = try PacketProtection(secret: secret)
        var plaintext = ByteBuffer()
        for number in UInt64(0)..<20 {
            var packet = ByteBuffer(string: "HEADERpayload \(number)")
            try protection.seal(&packet, headerStart: 0, payloadStart: 6, packetNumber: number)
            if rests { protection.rest() }
            let isAuthentic = open(protection, packet, payloadStart: 6, number: number, into: &plaintext)
            #expect(isAuthentic)
            #expect(plaintext == ByteBuffer(string: "payload \(number)"))
            if rests { protection.rest() }
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
            var plaintext = ByteBuffer(repeating: 0xee, count: 15)
            let isAuthentic = open(protection, packet.flippingBit(bit), number: 9, into: &plaintext)
            #expect(!isAuthentic, "bit \(bit)")
            #expect(plaintext.readableBytes == 0)
            plaintext.moveWriterIndex(to: 15)
            #expect(plaintext == ByteBuffer(repeating: 0, count: 15), "bit \(bit)")
        }
        var plaintext = ByteBuffer()
        #expect(open(protection, packet, number: 9, into: &plaintext))
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
            var plaintext = ByteBuffer()
            #expect(!open(protection, packet, payloadEnd: end, number: UInt64(number), into: &plaintext))
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
            }
            let mask = protection.headerMask(sampleAt: headerStart, in: packet)
            #expect((mask != nil) == (0...20).contains(headerStart))
        }
    }

    @Test("a part of a packet does not open, however short")
    func parts() throws {
        let protection = try PacketProtection(secret: secret)
        let packet = try sealed(Array("a small message".utf8), number: 9)
        var plaintext = ByteBuffer()
        for payloadStart in 0...packet.writerIndex {
            for payloadEnd in payloadStart...packet.writerIndex
            where (payloadStart, payloadEnd) != (5, packet.writerIndex) {
                #expect(
                    !open(
                        protection, packet, payloadStart: payloadStart, payloadEnd: payloadEnd, number: 9,
                        into: &plaintext))
            }
        }
    }
}
