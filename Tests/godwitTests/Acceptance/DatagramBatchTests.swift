import Foundation
import NIOCore
import Testing

@Suite(
    "Datagrams in batches", .timeLimit(.minutes(1)),
    .enabled(if: System.supportsUDPSegmentationOffload && System.supportsUDPReceiveOffload))
struct DatagramBatchTests {
    @Test("a client's bulk leaves in batches, arrives in batches and comes back whole")
    func client() async throws {
        let directory = try TemporaryDirectory()
        let server = try await ServerProcess.start(data: directory.file("data"))
        let client = try ClientProcess(server, carrier: "datagram")
        _ = try await client.connected()
        for number in 0..<4 {
            let body = Data((0..<200_000).map { _ in UInt8.random(in: 0...255) }).base64EncodedString()
            try client.write(["op": "request", "id": "e\(number)", "cmd": "echo", "body_base64": body])
            let reply = try await client.first("reply") { $0.id == "e\(number)" }
            #expect(reply.bodyBase64 == body)
        }
        let metrics = try await server.metrics()
        for direction in ["sent", "received"] {
            let batches = metrics.value("godwit_datagram_batches_total", ["direction": direction])
            let datagrams = metrics.value("godwit_datagrams_batched_total", ["direction": direction])
            #expect(batches > 0, "\(direction)")
            #expect(datagrams >= 2 * batches, "\(direction)")
        }
        #expect(metrics.value("godwit_datagram_batches_refused_total") == 0)
    }
}
