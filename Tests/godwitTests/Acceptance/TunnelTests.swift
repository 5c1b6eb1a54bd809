import NIOCore
import Testing

@Suite("Tunnels", .timeLimit(.minutes(3)))
struct TunnelTests {
    private func noise(_ count: Int) -> [UInt8] { (0..<count).map { _ in UInt8.random(in: 0...255) } }

    @Test(
        "megabytes cross both ways, whole and in order, through loss, damage, a blackout and a new address",
        arguments: ["datagram", "stream"])
    func faults(carrier: String) async throws {
        let directory = try TemporaryDirectory()
        let target = try await EchoTarget.start()
        let server = try await ServerProcess.start(
            data: directory.file("data"), environment: TunnelProcess.settings(allow: "echo=" + target.address))
        let seed = UInt64.random(in: 0...UInt64.max)
        let relay = try await Relay.start(
            to: server.port, weather: Relay.Weather(dropShare: 0.05, corruptShare: 0.02), seed: seed)
        let tunnel = try await TunnelProcess.start(
            server: relay.address, pin: server.pin, carrier: carrier, to: "echo")
        let bytes = noise(3 << 20)
        let connection = try await PlainConnection.open(port: tunnel.ports[0])
        connection.write(bytes)
        connection.endWriting()
        _ = try await connection.arrived.wait(for: "the first of it") { $0.last ?? 0 > 200_000 ? true : nil }
        try await relay.blackout(for: .milliseconds(3_200))
        try await relay.rebind()
        let ending = try await connection.end()
        #expect(ending == .finished(bytes), "seed \(seed), \(connection.arrived.elements.last ?? 0) bytes")
        try await server.poll("the end of the tunnel") {
            $0.value("godwit_tunnels_ended_total", ["reason": "finished"]) == 1
        }
        let metrics = try await server.metrics()
        #expect(metrics.value("godwit_tunnels") == 0)
        #expect(metrics.value("godwit_tunnel_bytes_total", ["direction": "up"]) == Double(bytes.count))
        #expect(metrics.value("godwit_tunnel_bytes_total", ["direction": "down"]) == Double(bytes.count))
        try await relay.close()
        try await target.close()
    }

    @Test("many short connections at a time each get their own answer, and leave nothing behind")
    func manyShort() async throws {
        let directory = try TemporaryDirectory()
        let target = try await EchoTarget.start()
        let server = try await ServerProcess.start(
            data: directory.file("data"),
            environment: TunnelProcess.settings(allow: target.address, "localhost:\(target.port)"))
        // Where the name has an IPv6 address too, nobody listens there: the next address is tried.
        let tunnel = try await TunnelProcess.start(
            server: server.address, pin: server.pin, to: target.address, "localhost:\(target.port)")
        for port in tunnel.ports + tunnel.ports {
            try await withThrowingTaskGroup(of: Bool.self) { group in
                for size in 0..<60 {
                    let bytes = noise(size * 37)
                    group.addTask {
                        try await PlainConnection.exchange(bytes, port: port) == .finished(bytes)
                    }
                }
                for try await isRight in group { #expect(isRight) }
            }
        }
        try await server.poll("the end of all tunnels") {
            $0.value("godwit_tunnels") == 0 && $0.value("godwit_tunnels_ended_total", ["reason": "finished"]) == 240
        }
        tunnel.child.terminate()
        #expect(try await tunnel.child.exitCode() == 0)
        try await target.close()
    }

    @Test(
        "a killed or stopped server breaks the connections that it had, and the next one serves new ones",
        arguments: [false, true])
    func restart(isKilled: Bool) async throws {
        let directory = try TemporaryDirectory()
        let target = try await EchoTarget.start()
        let server = try await ServerProcess.start(
            data: directory.file("data"), environment: TunnelProcess.settings(allow: target.address))
        let tunnel = try await TunnelProcess.start(server: server.address, pin: server.pin, to: target.address)
        let connection = try await PlainConnection.open(port: tunnel.ports[0])
        connection.write([1, 2, 3])
        _ = try await connection.arrived.wait(for: "the echo") { $0.last == 3 ? true : nil }
        if isKilled {
            try await server.kill()
        } else {
            #expect(try await server.terminate() == 0)
        }
        let next = try await server.again()
        // A client that only listens learns of a killed server at its next heartbeat; one that speaks, at once.
        connection.write([4])
        #expect(try await connection.end() == .broken)
        #expect(try await PlainConnection.exchange([4, 5], port: tunnel.ports[0]) == .finished([4, 5]))
        _ = next
        try await target.close()
    }

    @Test("a target that is not allowed, one that refuses, and a wrong token break the connection off and say why")
    func refusals() async throws {
        let directory = try TemporaryDirectory()
        let gone = try await EchoTarget.start()
        try await gone.close()
        let server = try await ServerProcess.start(
            data: directory.file("data"), environment: TunnelProcess.settings(allow: "gone=" + gone.address))
        let tunnel = try await TunnelProcess.start(
            server: server.address, pin: server.pin, to: "gone", gone.address, "elsewhere:80")
        for port in tunnel.ports { #expect(try await PlainConnection.exchange([1], port: port) == .broken) }
        _ = try await tunnel.complains("no connection to gone", "Connection refused")
        _ = try await tunnel.complains(
            "no connection to \(gone.address)", "not in this server's upstreams.tunnel.allow")
        _ = try await tunnel.complains("no connection to elsewhere:80", "not in this server's upstreams.tunnel.allow")

        let stranger = try await TunnelProcess.start(
            server: server.address, pin: server.pin, token: "wrong-horse-battery-1", to: "gone")
        #expect(try await PlainConnection.exchange([1], port: stranger.ports[0]) == .broken)
        _ = try await stranger.complains("token")
        let metrics = try await server.metrics()
        for (result, count) in ["not_allowed": 2.0, "unreachable": 1, "token": 1] {
            #expect(metrics.value("godwit_tunnel_opens_total", ["result": result]) == count, "\(result)")
        }
        #expect(metrics.value("godwit_tunnels") == 0)
    }

    @Test("a server without settings for tunnels has none, and one without a token does not start")
    func off() async throws {
        let directory = try TemporaryDirectory()
        let server = try await ServerProcess.start(data: directory.file("data"))
        let tunnel = try await TunnelProcess.start(server: server.address, pin: server.pin, to: "127.0.0.1:80")
        #expect(try await PlainConnection.exchange([1], port: tunnel.ports[0]) == .broken)
        _ = try await tunnel.complains("this server has no tunnels")

        let open = try await ChildProcess.run(
            ["serve", "--data", directory.file("other"), "--listen", "127.0.0.1:0", "--admin", "127.0.0.1:0"],
            environment: ["GODWIT_UPSTREAMS_TUNNEL_ALLOW": "127.0.0.1:80"])
        #expect(open.code == 1 && open.errors.contains("upstreams.tunnel.token is not"), "\(open.errors)")
    }
}
