import ArgumentParser
import Foundation
import GodwitEdge
import NIOCore
import NIOPosix

/// `godwit bench bulk`: large messages on loopback, with batches of datagrams in the kernel and without.
struct BenchBulkCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "bulk",
        abstract: "Large echoes over the datagram carrier on loopback, with UDP_SEGMENT and UDP_GRO and without.",
        discussion: """
            Both edges and their load generators run in this process, server loops and client loops apart. Rounds alternate. Bytes count once \
            on the way there and once on the way back; processor time is the whole process's, both ends and the kernel.
            """)

    @Option(help: "Connections, each on a socket of its own.")
    var connections = 4
    @Option(help: "Requests that each connection keeps under way.")
    var inFlight = 1
    @Option(help: "Bytes of a message.")
    var size = 200_000
    @OptionGroup var course: EchoCourse

    func validate() throws {
        guard (1...1_000).contains(connections) else { throw ValidationError("--connections takes 1 to 1000") }
        guard (1...16).contains(inFlight) else { throw ValidationError("--in-flight takes 1 to 16") }
        guard (1_000...250_000).contains(size) else { throw ValidationError("--size takes 1000 to 250000") }
        guard System.supportsUDPSegmentationOffload, System.supportsUDPReceiveOffload else {
            throw ValidationError("this kernel has no UDP_SEGMENT and UDP_GRO: nothing to compare (Linux 5.0 or later)")
        }
    }

    func run() async throws {
        let clients = MultiThreadedEventLoopGroup(numberOfThreads: course.loops)
        let edges = (
            off: try await EchoEdge.start(loops: course.loops, offload: .off),
            auto: try await EchoEdge.start(loops: course.loops)
        )
        print("\(connections) connections, \(inFlight) under way each, \(size) bytes, \(course)")
        var single = BulkFigures()
        var batched = BulkFigures()
        for round in 1...course.rounds {
            single.add(try await figures(edges.off, clients, inBatches: false))
            batched.add(try await figures(edges.auto, clients, inBatches: true))
            print("round \(round): singly      \(single.last)")
            print("         in batches  \(batched.last)")
        }
        print(
            "median: singly \(single.median), in batches \(batched.median); ratio "
                + String(
                    format: "%.2f of the speed, %.2f of the CPU",
                    batched.median.megabytesPerSecond
                        / max(single.median.megabytesPerSecond, 0.001),
                    batched.median.cpuPerGigabyte / max(single.median.cpuPerGigabyte, 0.001)))
        await edges.off.stop()
        await edges.auto.stop()
        try await clients.shutdownGracefully()
    }

    private func figures(
        _ edge: EchoEdge, _ clients: MultiThreadedEventLoopGroup, inBatches: Bool
    ) async throws -> BulkFigure {
        let load = EchoLoad(
            connections: connections, inFlight: inFlight, size: size, duration: course.duration,
            receivesBatches: inBatches)
        let figures = try await load.run(on: clients, server: edge.address) {
            GodwitEchoClient(server: $0, tls: edge.clientTLS, tally: $1, sendsBatches: inBatches)
        }
        return BulkFigure(figures, size: size)
    }
}

/// A round of bulk.
private struct BulkFigure: CustomStringConvertible {
    var megabytesPerSecond = 0.0
    /// Seconds of processor time.
    var cpuPerGigabyte = 0.0

    init() {}

    init(_ figures: EchoFigures, size: Int) {
        let megabytes = Double(figures.roundTrips) * Double(2 * size) / 1e6
        megabytesPerSecond = megabytes / max(figures.seconds, 1e-9)
        cpuPerGigabyte = figures.cpuSeconds / max(megabytes, 1e-9) * 1e3
    }

    var description: String { String(format: "%.1f MB/s, %.2f CPU s/GB", megabytesPerSecond, cpuPerGigabyte) }
}

private struct BulkFigures {
    private(set) var last = BulkFigure()
    private var all: [BulkFigure] = []

    mutating func add(_ figure: BulkFigure) {
        last = figure
        all.append(figure)
    }

    /// Each figure's own.
    var median: BulkFigure {
        var median = BulkFigure()
        guard !all.isEmpty else { return median }
        median.megabytesPerSecond = all.map(\.megabytesPerSecond).sorted()[all.count / 2]
        median.cpuPerGigabyte = all.map(\.cpuPerGigabyte).sorted()[all.count / 2]
        return median
    }
}
