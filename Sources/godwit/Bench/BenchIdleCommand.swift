import ArgumentParser
import CMalloc
import Foundation
import GodwitEdge
import NIOCore
import NIOPosix

/// `godwit bench idle`: what a connection costs that says nothing.
struct BenchIdleCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "idle",
        abstract: "Memory of idle datagram connections, each with an open session.",
        discussion: """
            Clients connect over loopback and vanish without a word, some hundred at a time, so that the edge keeps their connections and \
            the clients' own memory is used again. The growth of this process's heap and of its anonymous resident memory is divided by the \
            connections. What handshakes have left between the connections is given back to the system as an edge does when a storm of \
            clients is over; what is left of it still varies, so the connections should be many times a batch.
            """)

    @Option(help: "Connections that the edge is to keep.")
    var connections = 10_000
    @Option(help: "Connections that come up at a time.")
    var batch = 250

    /// Acknowledgements that wait to ride along have gone, and the handshake's memory with them.
    private static let settleTime = TimeAmount.milliseconds(1_500)

    func validate() throws {
        guard (1...100_000).contains(connections) else { throw ValidationError("--connections takes 1 to 100000") }
        guard (1...1_000).contains(batch), connections >= 8 * batch else {
            throw ValidationError("--batch takes 1 to 1000, and at most an eighth of --connections")
        }
    }

    func run() async throws {
        let clients = MultiThreadedEventLoopGroup(numberOfThreads: 1)
        let edge = try await EchoEdge.start(loops: 1, idle: .hours(1))
        // What the first clients bring up once and for all is not the connections'.
        try await connect(batch, to: edge, on: clients)
        Edge.giveBackMemory()
        let before = try ProcessMemory.now()
        var count = 0
        while count < connections {
            let share = min(batch, connections - count)
            try await connect(share, to: edge, on: clients)
            count += share
        }
        let after = try ProcessMemory.now()
        let giving = ContinuousClock().measure { Edge.giveBackMemory() }
        let settled = try ProcessMemory.now()
        print(
            "\(count) idle connections with their sessions, bytes each: \((after.heap - before.heap) / count) allocated, "
                + "\((settled.anonymous - before.anonymous) / count) resident, "
                + "\((after.anonymous - before.anonymous) / count) before free memory was given back, "
                + "which took \(giving / .milliseconds(1)) ms")
        await edge.stop()
        try await clients.shutdownGracefully()
    }

    private func connect(_ count: Int, to edge: EchoEdge, on clients: MultiThreadedEventLoopGroup) async throws {
        let load = EchoLoad(connections: count, inFlight: 0, size: 8, duration: Self.settleTime)
        let connected = try await load.connect(on: clients, server: edge.address) {
            GodwitEchoClient(server: $0, tls: edge.clientTLS, tally: $1)
        }
        try await clients.any().scheduleTask(in: Self.settleTime) {}.futureResult.get()
        try await connected.close()
    }
}

/// Memory of this process.
private struct ProcessMemory {
    /// What no file backs and is in memory, bytes.
    let anonymous: Int
    /// What is allocated and not freed, bytes.
    let heap: Int

    static func now() throws -> ProcessMemory {
        ProcessMemory(anonymous: try anonymousBytes(), heap: try heapBytes())
    }

    private static func anonymousBytes() throws -> Int {
        let status = try String(contentsOfFile: "/proc/self/status", encoding: .utf8)
        for line in status.split(separator: "\n") where line.hasPrefix("RssAnon:") {
            if let kibibytes = line.split(whereSeparator: { $0 == " " || $0 == "\t" }).dropFirst().first.flatMap({
                Int($0)
            }) {
                return kibibytes * 1024
            }
        }
        throw BenchError.noMemoryFigure
    }

    /// What glibc's allocator has of the kernel, less what it has free (`malloc_info(3)`).
    private static func heapBytes() throws -> Int {
        var text: UnsafeMutablePointer<CChar>?
        var length = 0
        guard let stream = open_memstream(&text, &length) else { throw BenchError.noHeapFigure }
        let result = malloc_info(0, stream)
        fclose(stream)
        defer { free(text) }
        guard result == 0, let text else { throw BenchError.noHeapFigure }
        // The totals of all arenas come last.
        let lines = String(cString: text).split(separator: "\n")
        func total(_ element: String) throws -> Int {
            guard let line = lines.last(where: { $0.hasPrefix("<" + element) }),
                let size = line.split(separator: "\"").last(where: { Int($0) != nil }).flatMap({ Int($0) })
            else { throw BenchError.noHeapFigure }
            return size
        }
        return try total("system type=\"current\"") + total("total type=\"mmap\"") - total("total type=\"fast\"")
            - total("total type=\"rest\"")
    }
}
