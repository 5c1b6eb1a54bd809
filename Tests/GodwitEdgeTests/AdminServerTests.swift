import Foundation
import GodwitMetrics
import Logging
import NIOCore
import Testing

@testable import GodwitEdge

@Suite("Admin server")
struct AdminServerTests {
    @Test("metrics are Prometheus text, the other endpoints are what they say, nothing is cached")
    func endpoints() async throws {
        try await AdminHTTPClient.withServer(FixedSource()) { client in
            let metrics = try await client.get("/metrics")
            #expect(metrics.status == "200")
            #expect(metrics.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8")
            #expect(metrics.body.hasPrefix("# HELP"))

            let success = try await client.get("/success")
            #expect(success.headers["content-type"] == "application/json")
            let report = try JSONSerialization.jsonObject(with: Data(success.body.utf8)) as? [String: Any]
            #expect(report?["windows"] is [String: Any])

            let status = try await client.get("/status")
            let object = try JSONSerialization.jsonObject(with: Data(status.body.utf8)) as? [String: Any]
            #expect(object?["ready"] as? Bool == true)
            #expect(object?["listen"] as? String == "127.0.0.1:7400")
            let sessions = object?["sessions"] as? [String: Any]
            #expect(sessions?["attached"] as? [String: Int] == ["datagram": 3, "stream": 1])
            #expect(sessions?["detached"] as? Int == 2)

            #expect(try await client.get("/livez").body == "ok\n")
            #expect(try await client.get("/readyz").body == "ready\n")
            for answer in [metrics, success, status] {
                #expect(answer.headers["cache-control"] == "no-store")
                #expect(answer.headers["x-content-type-options"] == "nosniff")
            }
        }
    }

    @Test("a server that is not ready is alive, and says why it is not ready")
    func notReady() async throws {
        let source = FixedSource(state: .notReady(reason: "shard 3 is closed: \"I/O error\""))
        try await AdminHTTPClient.withServer(source) { client in
            let ready = try await client.get("/readyz")
            #expect(ready.status == "503")
            #expect(ready.body == "not ready: shard 3 is closed: \"I/O error\"\n")
            #expect(try await client.get("/livez").status == "200")
            let status = try await client.get("/status")
            let object = try JSONSerialization.jsonObject(with: Data(status.body.utf8)) as? [String: Any]
            #expect(object?["ready"] as? Bool == false)
            #expect(object?["reason"] as? String == "shard 3 is closed: \"I/O error\"")
        }
    }

    @Test("unknown paths and methods that change things are refused")
    func unknown() async throws {
        try await AdminHTTPClient.withServer(FixedSource()) { client in
            #expect(try await client.get("/../etc/passwd").status == "404")
            #expect(try await client.get("/metrics/x").status == "404")
            let answer = try await client.exchange(
                "POST /metrics HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            #expect(answer.hasPrefix("HTTP/1.1 404"))
        }
    }

    @Test(
        "a request over the limits or not HTTP at all is refused, and the next one is served",
        arguments: [
            "GET /livez HTTP/1.1\r\nHost: x\r\nX-Long: \(String(repeating: "a", count: 5_000))\r\n\r\n",
            "GET /livez HTTP/1.1\r\nHost: x\r\n"
                + (0..<100).map { "X-\($0): y\r\n" }.joined() + "\r\n",
            "GET /\(String(repeating: "a", count: 100_000)) HTTP/1.1\r\nHost: x\r\n\r\n",
            "\u{16}\u{3}\u{1}\u{0} not http\r\n\r\n",
        ])
    func limits(request: String) async throws {
        try await AdminHTTPClient.withServer(FixedSource()) { client in
            let answer = try await client.exchange(request)
            #expect(!answer.hasPrefix("HTTP/1.1 200"))
            #expect(try await client.get("/livez").status == "200")
        }
    }

    @Test("a client that opens a connection and says half a request is disconnected")
    func slowClient() async throws {
        var configuration = AdminConfiguration(address: HostPort(host: "127.0.0.1", port: 0))
        configuration.idleTimeout = .milliseconds(50)
        try await AdminHTTPClient.withServer(FixedSource(), configuration) { client in
            let answer = try await client.exchange("GET /livez HTTP/1.1\r\nHost:")
            #expect(answer == "")
        }
    }

    @Test("an address in use is told with what to do about it")
    func addressInUse() async throws {
        try await AdminHTTPClient.withServer(FixedSource()) { client in
            let port = try #require(client.address.port)
            let second = AdminConfiguration(address: HostPort(host: "127.0.0.1", port: port))
            let error = await #expect(throws: AdminError.self) {
                try await AdminHTTPClient.withServer(FixedSource(), second) { _ in }
            }
            #expect(
                error?.description
                    == "admin address 127.0.0.1:\(port) is in use; choose another with --admin HOST:PORT")
        }
    }

    @Test("an address of another machine is told as such")
    func foreignAddress() async throws {
        let configuration = AdminConfiguration(address: HostPort(host: "192.0.2.1", port: 0))
        let error = await #expect(throws: AdminError.self) {
            try await AdminHTTPClient.withServer(FixedSource(), configuration) { _ in }
        }
        #expect(error == .addressNotAvailable(configuration.address))
    }
}

struct FixedSource: AdminSource {
    var state = Readiness.ready

    func metricsText() async -> String {
        let registry = Registry()
        _ = EdgeMetrics(registry: registry)
        return registry.render()
    }

    func success() async -> SuccessReport {
        SuccessReport(figures: SuccessFigures(), generatedAt: 1_800_000_000)
    }

    func readiness() async -> Readiness { state }

    func status() async -> EdgeStatus {
        EdgeStatus(
            version: "0.1.0", uptimeSeconds: 61, listen: "127.0.0.1:7400", pin: "sha256/AAAA",
            attachedSessions: ["stream": 1, "datagram": 3], detachedSessions: 2, acknowledgedMessages: 10,
            redeliveries: 1)
    }
}
