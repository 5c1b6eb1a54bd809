import ArgumentParser
import Foundation
import GodwitEdge
import GodwitTLS
import Logging
import NIOCore
import NIOPosix

/// `godwit bench echo`: round trips a second over the datagram carrier on loopback, and of a bare NIO UDP echo.
struct BenchEchoCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "echo",
        abstract: "Echo round trips a second over the datagram carrier on loopback, beside a bare NIO UDP echo.",
        discussion: """
            Both servers and both load generators run in this process, server loops and client loops apart. Rounds alternate, the \
            medians and their ratio are printed.
            """)

    @Option(help: "Connections, each on a socket of its own.")
    var connections = 100
    @Option(help: "Requests that each connection keeps under way.")
    var inFlight = 1
    @Option(help: "Bytes of a message.")
    var size = 200
    @OptionGroup var course: EchoCourse

    func validate() throws {
        guard (1...5_000).contains(connections) else { throw ValidationError("--connections takes 1 to 5000") }
        guard (1...256).contains(inFlight) else { throw ValidationError("--in-flight takes 1 to 256") }
        guard (1...1_000).contains(size) else {
            throw ValidationError("--size takes 1 to 1000: the bare echo has no fragmentation")
        }
    }

    func run() async throws {
        let load = EchoLoad(
            connections: connections, inFlight: inFlight, size: size, duration: course.duration)
        let clients = MultiThreadedEventLoopGroup(numberOfThreads: course.loops)
        let bare = try await BareEchoServer.start(loops: course.loops)
        let edge = try await EchoEdge.start(loops: course.loops)
        print("\(connections) connections, \(inFlight) under way each, \(size) bytes, \(course)")
        var bareRates: [Double] = []
        var godwitRates: [Double] = []
        for round in 1...course.rounds {
            let limit = try await load.run(on: clients, server: bare.address) { BareEchoClient(server: $0, tally: $1) }
            let godwit = try await load.run(on: clients, server: edge.address) {
                GodwitEchoClient(server: $0, tls: edge.clientTLS, tally: $1)
            }
            bareRates.append(limit.rate)
            godwitRates.append(godwit.rate)
            print("round \(round): bare NIO UDP  \(limit)")
            print("         godwit        \(godwit)")
        }
        let (limit, godwit) = (median(bareRates), median(godwitRates))
        print(
            "median: bare NIO UDP \(Int(limit)) round trips/s, godwit \(Int(godwit)) round trips/s, ratio "
                + String(format: "%.2f", godwit / max(limit, 1)))
        await edge.stop()
        try await bare.stop()
        try await clients.shutdownGracefully()
    }

    private func median(_ values: [Double]) -> Double {
        let sorted = values.sorted()
        return sorted.isEmpty ? 0 : sorted[sorted.count / 2]
    }
}
