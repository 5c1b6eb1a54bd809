import Glibc
import GodwitMetrics
import GodwitTransport
import GodwitWire
import IMService
import NIOCore
import NIOPosix
import Testing

@testable import GodwitEdge

@Suite("Start and stop", .timeLimit(.minutes(1)))
struct StartAndStopTests {
    @Test("a port that another godwit has is named in the error, with what to do", arguments: [1, 2])
    func portInUse(eventLoops: Int) async throws {
        try await EdgeFixture.serving(eventLoops: eventLoops) { edge in
            var other = try EdgeFixture(eventLoops: eventLoops)
            other.configuration.listen.port = edge.listenAddress.port ?? 0
            let address = "127.0.0.1:\(other.configuration.listen.port)"
            let error = await #expect(throws: EdgeError.self) { _ = try await other.start() }
            #expect(error == .addressInUse(.tcp, address: address))
            #expect(
                error?.description
                    == "cannot listen on tcp \(address): address in use; another godwit? choose --listen")
        }
    }

    @Test("a port that only UDP has no room on is refused as well, for one loop and for several", arguments: [1, 2])
    func udpPortInUse(eventLoops: Int) async throws {
        let socket = try await DatagramBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .bind(host: "127.0.0.1", port: 0).get()
        var fixture = try EdgeFixture(eventLoops: eventLoops)
        fixture.configuration.listen.port = try #require(socket.localAddress?.port)
        let address = "127.0.0.1:\(fixture.configuration.listen.port)"
        await #expect(throws: EdgeError.addressInUse(.udp, address: address)) { _ = try await fixture.start() }
        try await socket.close()
        // Nothing was left open by the failure.
        try await fixture.start().stop()
    }

    @Test("an address of another machine is refused")
    func foreignAddress() async throws {
        var fixture = try EdgeFixture()
        fixture.configuration.listen = HostPort(host: "192.0.2.1", port: 7_400)
        let error = await #expect(throws: EdgeError.self) { _ = try await fixture.start() }
        #expect(error?.description.contains("no such address on this machine") == true)
    }

    @Test("a data directory in use is refused, and the error names the process")
    func lockedDirectory() async throws {
        let fixture = try EdgeFixture(im: .core)
        let edge = try await fixture.start()
        let error = await #expect(throws: IMServiceError.self) { _ = try await fixture.start() }
        #expect(error?.description.contains("\(getpid())") == true)
        await edge.stop()
    }

    @Test("clients are told that the server goes away, on either carrier")
    func goodbye() async throws {
        let edge = try await EdgeFixture().start()
        let phone = try await TestClient(edge)
        let laptop = try await TestClient(edge)
        try await phone.connect(.datagram)
        try await laptop.connect(.stream)
        #expect(await edge.readiness() == .ready)
        await edge.stop()
        #expect(
            try await phone.carrierEnd()
                == .datagram(.peer(code: CarrierClosure.goingAway.code, reason: CarrierClosure.goingAway.reason)))
        #expect(try await laptop.carrierEnd() == .streamClosed)
        #expect(await edge.readiness() == .notReady(reason: "stopped"))
        // A second stop has nothing to do.
        await edge.stop()
        try await phone.leave()
        try await laptop.leave()
    }

    @Test("requests under way at a stop are answered before the goodbye")
    func answersBeforeGoodbye() async throws {
        let edge = try await EdgeFixture(im: .core).start()
        let alice = try await MessagingTests.person("alice", edge, .datagram)
        async let sent = alice.send(to: "alice", "just in time", id: "1")
        try await edge.until {
            $0.requestsUnderway > 0
                || $0.metrics.window.figures(now: NIODeadline.now().uptimeNanoseconds)[.oneMinute].tasks.ok > 1
        }
        await edge.stop()
        #expect(try await sent.status == .ok)
        try await alice.leave()
    }
}
