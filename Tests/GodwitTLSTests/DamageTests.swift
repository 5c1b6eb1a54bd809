import GodwitTLS
import NIOCore
import Testing

/// What happens to bytes on the way must end in a typed error or in patience, never in a trap or in wrong data.
@Suite struct DamageTests {
    @Test("a changed bit in the server's flight never completes the client's handshake")
    func tamperedFlight() throws {
        let reference = try TLSPair()
        try reference.client.start()
        try reference.server.receive(#require(reference.client.takeOutput()))
        let length = try #require(reference.server.takeOutput()).readableBytes
        // A prime step visits every part of the flight without a thousand handshakes.
        for bit in stride(from: 0, to: length * 8, by: 151) {
            let pair = try TLSPair()
            try pair.client.start()
            try pair.server.receive(#require(pair.client.takeOutput()))
            let flight = try #require(pair.server.takeOutput())
            // Waiting for more is fine as well: the bit may have been in a length.
            try? pair.client.receive(flight.flippingBit(bit % (flight.readableBytes * 8)))
            #expect(!pair.client.isHandshakeComplete, "bit \(bit)")
        }
    }

    @Test("a changed record of application data is badRecord")
    func tamperedRecord() throws {
        let pair = try TLSPair.connected()
        try pair.client.write(ByteBuffer(string: "attack at dawn"))
        let record = try #require(pair.client.takeOutput())
        try pair.server.receive(record.flippingBit(8 * 12))
        var plaintext = ByteBuffer()
        #expect(throws: TLSError.badRecord) { try pair.server.read(into: &plaintext) }
        #expect(plaintext.readableBytes == 0)
        #expect(throws: TLSError.badRecord) { try pair.server.write(ByteBuffer(string: "x")) }
        let alert = try #require(pair.server.takeOutput())
        try pair.client.receive(alert)
        #expect(throws: TLSError.peerAlert(code: 20)) { try pair.client.read(into: &plaintext) }
    }

    @Test("a handshake cut off anywhere waits for the rest, and works when the rest comes byte by byte")
    func fragments() throws {
        let pair = try TLSPair()
        try pair.client.start()
        var rounds = 0
        while rounds < 3 {
            rounds += 1
            for (from, to) in [(pair.client, pair.server), (pair.server, pair.client)] {
                guard var bytes = from.takeOutput() else { continue }
                while let byte = bytes.readSlice(length: 1) { try to.receive(byte) }
            }
        }
        #expect(pair.client.isHandshakeComplete && pair.server.isHandshakeComplete)
    }

    @Test("a stream that ends without a close_notify is truncated, in the handshake and after it")
    func truncation() throws {
        let early = try TLSPair()
        try early.client.start()
        var hello = try #require(early.client.takeOutput())
        let part = hello.readSlice(length: 50)
        try early.server.receive(#require(part))
        #expect(throws: TLSError.truncated) { try early.server.receiveEndOfStream() }

        let late = try TLSPair.connected()
        try late.client.write(ByteBuffer(string: "half"))
        var record = try #require(late.client.takeOutput())
        let half = record.readSlice(length: 10)
        try late.server.receive(#require(half))
        var plaintext = ByteBuffer()
        let hasData = try late.server.read(into: &plaintext)
        #expect(!hasData)
        #expect(throws: TLSError.truncated) { try late.server.receiveEndOfStream() }
    }

    @Test("random bytes are an error or not enough, at any point")
    func garbage() throws {
        var generator = SystemRandomNumberGenerator()
        let seed = generator.next()
        var state = seed
        for round in 0..<200 {
            var bytes = ByteBuffer()
            for _ in 0..<(round + 1) {
                state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
                bytes.writeInteger(UInt8(truncatingIfNeeded: state >> 33))
            }
            // Every second one begins as a handshake record would.
            if round % 2 == 0, bytes.readableBytes >= 5 { bytes.setBytes(hex("1603010040"), at: 0) }
            let pair = try TLSPair()
            try pair.client.start()
            for engine in [pair.client, pair.server] {
                try? engine.receive(bytes)
                #expect(!engine.isHandshakeComplete, "seed \(seed)")
            }
        }
    }
}
