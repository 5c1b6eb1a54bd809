import GodwitTLS
import NIOCore
import Testing

@Suite struct ApplicationDataTests {
    @Test("data crosses in both directions, small and larger than a record")
    func data() throws {
        let pair = try TLSPair.connected()
        for count in [1, 100, 16_384, 16_385, 200_000] {
            let sent = ByteBuffer(bytes: (0..<count).map { UInt8(truncatingIfNeeded: $0 &* 31) })
            for (from, to) in [(pair.client, pair.server), (pair.server, pair.client)] {
                try from.write(sent)
                try to.receive(#require(from.takeOutput()))
                var received = ByteBuffer()
                let hasData = try to.read(into: &received)
                #expect(hasData)
                #expect(received == sent)
            }
        }
        var nothing = ByteBuffer()
        let hasMore = try pair.server.read(into: &nothing)
        #expect(!hasMore)
    }

    @Test("a handshake in middlebox compatibility mode works as well")
    func compatibility() throws {
        let pair = try TLSPair(middleboxCompatibility: true)
        try pair.client.start()
        try pair.exchange()
        try pair.client.write(ByteBuffer(string: "hello"))
        try pair.server.receive(#require(pair.client.takeOutput()))
        var received = ByteBuffer()
        _ = try pair.server.read(into: &received)
        #expect(received == ByteBuffer(string: "hello"))
    }

    @Test("nothing can be written before the handshake is done")
    func tooEarly() throws {
        let pair = try TLSPair()
        #expect(throws: TLSError.handshakeIncomplete) { try pair.client.write(ByteBuffer(string: "x")) }
    }

    @Test("a close_notify arrives after the data before it, and ends the stream without an error")
    func close() throws {
        let pair = try TLSPair.connected()
        try pair.client.write(ByteBuffer(string: "last words"))
        pair.client.close()
        #expect(throws: TLSError.closed) { try pair.client.write(ByteBuffer(string: "x")) }
        try pair.server.receive(#require(pair.client.takeOutput()))
        var received = ByteBuffer()
        _ = try pair.server.read(into: &received)
        #expect(received == ByteBuffer(string: "last words"))
        #expect(pair.server.isClosed)
        try pair.server.receiveEndOfStream()
    }
}
