import GodwitSimulation
import GodwitTLS
import NIOCore
import Testing

@Suite struct DeterministicOpenSSLTests {
    /// Everything that both sides send, from fresh keys to the end of the handshake.
    private func transcript(seed: UInt64) throws -> [ByteBuffer] {
        try DeterministicOpenSSL.run(seed: seed) {
            let identity = try ServerIdentity.generate(commonName: "simulated", now: 1_800_000_000)
            let server = try TLSEngine(
                context: .server(identity: identity, alpn: ["godwit/1"]), role: .server, serverName: nil)
            let client = try TLSEngine(
                context: .client(pins: [identity.pin], alpn: ["godwit/1"]), role: .client, serverName: nil)
            var transcript: [ByteBuffer] = []
            try client.start()
            while !client.isHandshakeComplete || !server.isHandshakeComplete {
                guard let up = client.takeOutput() else { break }
                transcript.append(up)
                try server.receive(up, now: .distantPast)
                guard let down = server.takeOutput() else { break }
                transcript.append(down)
                try client.receive(down, now: .distantPast)
            }
            #expect(client.isHandshakeComplete && server.isHandshakeComplete)
            return transcript
        }
    }

    @Test("one seed gives the same key, the same certificate and the same handshake, byte for byte")
    func replay() throws {
        let first = try transcript(seed: 7)
        let second = try transcript(seed: 7)
        #expect(first == second)
    }

    @Test("another seed gives another handshake")
    func otherSeed() throws {
        let first = try transcript(seed: 7)
        let second = try transcript(seed: 8)
        #expect(first != second)
    }

    @Test("outside a seeded scope OpenSSL's own generator is at work")
    func outside() throws {
        let first = try ServerIdentity.generate(commonName: "simulated", now: 1_800_000_000)
        let second = try ServerIdentity.generate(commonName: "simulated", now: 1_800_000_000)
        #expect(first.pin != second.pin)
    }
}
