import GodwitTLS
import NIOCore
import Testing

@Suite struct HandshakeTests {
    @Test("a handshake takes three flights and agrees on the protocol")
    func handshake() throws {
        let pair = try TLSPair()
        try pair.client.start()
        let flights = try pair.exchange()
        #expect(flights == 3)
        #expect(pair.client.isHandshakeComplete && pair.server.isHandshakeComplete)
        #expect(pair.client.negotiatedALPN == "godwit/1")
        #expect(pair.server.negotiatedALPN == "godwit/1")
    }

    @Test("the server's flight fits three times the client's first datagram of 512 bytes")
    func flightSizes() throws {
        let pair = try TLSPair()
        try pair.client.start()
        let hello = try #require(pair.client.takeOutput())
        try pair.server.receive(hello)
        let flight = try #require(pair.server.takeOutput())
        try pair.client.receive(flight)
        let finished = try #require(pair.client.takeOutput())
        print(
            "ClientHello \(hello.readableBytes), server flight \(flight.readableBytes), client Finished \(finished.readableBytes) bytes"
        )
        // Less what the packets around the records need.
        #expect(hello.readableBytes <= 512 - 60)
        #expect(flight.readableBytes <= 3 * 512 - 2 * 60)
    }

    @Test("both sides export the same keys, the server half a round trip before the handshake ends")
    func exporters() throws {
        let label = "EXPORTER-godwit client 1"
        let pair = try TLSPair()
        try pair.client.start()
        #expect(!pair.server.canExport && !pair.client.canExport)
        try pair.server.receive(#require(pair.client.takeOutput()))
        #expect(pair.server.canExport && !pair.server.isHandshakeComplete)
        let early = try pair.server.exportKeyingMaterial(label: label, context: [1, 2], length: 32)
        try pair.client.receive(#require(pair.server.takeOutput()))
        #expect(pair.client.canExport)
        let clients = try pair.client.exportKeyingMaterial(label: label, context: [1, 2], length: 32)
        let otherContext = try pair.client.exportKeyingMaterial(label: label, context: [1], length: 32)
        try pair.exchange()
        let late = try pair.server.exportKeyingMaterial(label: label, context: [1, 2], length: 32)
        #expect(early == clients)
        #expect(early == late)
        #expect(early != otherContext)
    }

    @Test("exporting before there are keys is an error")
    func exportTooEarly() throws {
        let pair = try TLSPair()
        #expect(throws: TLSError.handshakeIncomplete) {
            try pair.client.exportKeyingMaterial(label: "EXPORTER-godwit", context: [], length: 32)
        }
    }

    @Test("a server with another key is refused with both pins named, and told so by an alert")
    func wrongPin() throws {
        let other = try ServerIdentity.generate(commonName: "other.test")
        let pair = try TLSPair(pins: [other.pin])
        let presented = try TLSPair.identity.get().pin
        try pair.client.start()
        try pair.server.receive(#require(pair.client.takeOutput()))
        let flight = try #require(pair.server.takeOutput())
        let mismatch = TLSError.pinMismatch(expected: [other.pin], presented: presented)
        #expect(throws: mismatch) { try pair.client.receive(flight) }
        #expect(mismatch.description.contains(presented.description))
        // The error stays: a caller that ignores it cannot go on.
        #expect(throws: mismatch) { try pair.client.receive(flight) }
        let alert = try #require(pair.client.takeOutput())
        #expect(throws: TLSError.peerAlert(code: 42)) { try pair.server.receive(alert) }
    }

    @Test("any one of several pins will do")
    func severalPins() throws {
        let other = try ServerIdentity.generate(commonName: "other.test")
        let pair = try TLSPair(pins: [other.pin, TLSPair.identity.get().pin])
        try pair.client.start()
        try pair.exchange()
        #expect(pair.client.isHandshakeComplete)
    }

    @Test("a client without pins is refused at once")
    func noPins() {
        #expect(throws: TLSError.noPins) { try TLSContext.client(pins: [], alpn: []) }
    }

    @Test("a server that speaks none of the client's protocols says so")
    func noCommonProtocol() throws {
        let pair = try TLSPair(clientProtocols: ["godwit/9"])
        try pair.client.start()
        #expect(throws: TLSError.noCommonProtocol) { try pair.exchange() }
        let alert = try #require(pair.server.takeOutput())
        #expect(throws: TLSError.peerAlert(code: 120)) { try pair.client.receive(alert) }
    }

    @Test("a protocol's name of an impossible length is refused", arguments: ["", String(repeating: "x", count: 256)])
    func impossibleProtocolName(name: String) throws {
        let pin = try TLSPair.identity.get().pin
        #expect(throws: TLSError.invalidProtocolName(name)) { try TLSContext.client(pins: [pin], alpn: [name]) }
    }

    @Test("a server's name that no certificate could have is refused; an address is simply not sent")
    func serverNames() throws {
        let context = try TLSContext.client(pins: [TLSPair.identity.get().pin], alpn: [])
        for name in ["", "a b", "x\0y", String(repeating: "x", count: 300)] {
            #expect(throws: TLSError.invalidServerName(name)) {
                try TLSEngine(context: context, role: .client, serverName: name)
            }
        }
        for address in ["192.0.2.1", "2001:db8::1"] {
            _ = try TLSEngine(context: context, role: .client, serverName: address)
        }
    }

    @Test("an older TLS, HTTP and garbage are recognised as not being TLS 1.3")
    func notTLS() throws {
        // A TLS 1.2 ClientHello without the supported_versions extension, with one cipher suite.
        let body = hex("0303" + String(repeating: "ab", count: 32) + "00" + "0002c02b" + "0100")
        let oldHello = hex("160301") + [0, UInt8(body.count + 4), 1, 0, 0, UInt8(body.count)] + body
        for bytes in [oldHello, Array("GET / HTTP/1.1\r\nHost: a\r\n\r\n".utf8), Array("SSH-2.0-OpenSSH_9.2\r\n".utf8)]
        {
            let server = try TLSPair().server
            #expect {
                try server.receive(ByteBuffer(bytes: bytes))
            } throws: { error in
                if case .notTLS = error as? TLSError { true } else { false }
            }
        }
    }
}
