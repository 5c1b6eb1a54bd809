import Foundation
import NIOCore
import NIOPosix
import Testing

@testable import GodwitWire

@Suite("Hostile and damaged input", .timeLimit(.minutes(2)))
struct HostileInputTests {
    @Test("garbage at either port is counted and harms nobody")
    func garbage() async throws {
        let directory = try TemporaryDirectory()
        let server = try await ServerProcess.start(data: directory.file("data"))
        let client = try ClientProcess(server)
        _ = try await client.logIn("ada")
        let seed = UInt64.random(in: 0...UInt64.max)
        let random = RandomSource.seeded(seed)
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let target = try SocketAddress(ipAddress: "127.0.0.1", port: server.port)

        let socket = try await DatagramBootstrap(group: loop).bind(host: "127.0.0.1", port: 0).get()
        let before = try await server.metrics().value("godwit_datagrams_dropped_total")
        for number in 0..<300 {
            // Every first byte, so that every form and type is met; long enough now and then to look like a hello.
            let bytes = [UInt8(truncatingIfNeeded: number)] + random.bytes(number % 3 == 0 ? 1_100 : number % 40)
            try await socket.writeAndFlush(AddressedEnvelope(remoteAddress: target, data: ByteBuffer(bytes: bytes)))
        }
        try await socket.close()

        // TLS records that stop in the middle, and bytes that are no TLS at all.
        let hello: [UInt8] = [0x16, 0x03, 0x01, 0x02, 0x00, 0x01, 0x00, 0x01, 0xFC, 0x03, 0x03]
        for number in 0..<30 {
            let bytes = number % 3 == 0 ? hello : number % 3 == 1 ? hello + random.bytes(600) : random.bytes(200)
            let channel = try await ClientBootstrap(group: loop).connect(to: target).get()
            try? await channel.writeAndFlush(ByteBuffer(bytes: bytes))
            try? await channel.close()
        }
        try await server.poll("the counters, seed \(seed)") {
            $0.value("godwit_datagrams_dropped_total") >= before + 250
                && $0.value("godwit_handshakes_total", ["carrier": "stream", "result": "failed"])
                    + $0.value("godwit_handshakes_total", ["carrier": "stream", "result": "broken"]) >= 30
        }
        #expect(try await client.echo("e1", "still here").body == "still here")
        let late = try ClientProcess(server, carrier: "stream")
        #expect(try await late.echo("e2").body == "echo")
        try await client.quit()
        try await late.quit()
        #expect(try await server.terminate() == 0)
        #expect(!server.child.errors.elements.contains { $0.contains("Fatal error") })
    }

    @Test("a data file that is damaged in the middle costs what was in it: the rest is served, and the loss is told")
    func damagedFile() async throws {
        let directory = try TemporaryDirectory()
        var server = try await ServerProcess.start(data: directory.file("data"))
        let ada = try ClientProcess(server)
        let bob = try ClientProcess(server)
        _ = try await ada.logIn("ada")
        _ = try await bob.logIn("bob")
        try await bob.quit()
        for number in 1...10 { try ada.send("m\(number)", to: "bob", "body-of-message-\(number).") }
        _ = try await ada.first(10, "sent")
        try await ada.quit()
        #expect(try await server.terminate() == 0)

        #expect(try flip("body-of-message-5.", under: directory.file("data/store")) >= 1)
        server = try await server.again()
        #expect(try await server.metrics().value("godwit_store_corrupt_records_total") >= 1)
        let told = server.child.errors.elements.first { $0.contains(" critical ") && $0.contains(".data") }
        #expect(told?.contains("restore the file from a backup") == true)

        let again = try ClientProcess(server)
        #expect(try await again.logIn("bob").created != true)
        _ = try await again.first("synced")
        let bodies = again.lines.filter { $0.event == "message" }.compactMap(\.body)
        #expect(bodies == (1...10).filter { $0 != 5 }.map { "body-of-message-\($0)." })
        #expect(server.child.errors.elements.contains { $0.contains("1 items of a timeline") })
        // And the conversation goes on.
        let sender = try ClientProcess(server)
        _ = try await sender.logIn("ada")
        try sender.send("after", to: "bob", "after the damage")
        _ = try await again.first("message") { $0.body == "after the damage" }
        try await again.quit()
        try await sender.quit()
    }

    /// Turns one bit of each copy of `text` in the data files; the number of copies.
    private func flip(_ text: String, under path: String) throws -> Int {
        var count = 0
        let files = try #require(FileManager.default.enumerator(atPath: path)).compactMap { $0 as? String }
        for file in files where file.hasSuffix(".data") {
            let url = URL(fileURLWithPath: "\(path)/\(file)")
            var data = try Data(contentsOf: url)
            var from = data.startIndex
            while let found = data.range(of: Data(text.utf8), in: from..<data.endIndex) {
                data[found.lowerBound] ^= 0x10
                from = found.upperBound
                count += 1
            }
            try data.write(to: url)
        }
        return count
    }
}
