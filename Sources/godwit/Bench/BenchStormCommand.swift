import ArgumentParser
import Foundation
import GodwitClient
import NIOCore
import NIOPosix

/// `godwit bench storm`: many clients in one process, kept until they are cut off by whoever runs the network, and how they come back.
struct BenchStormCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "storm",
        abstract: "Many clients of a server at once: cut their network, and see when each is back.",
        discussion: """
            Prints a JSON object a line: 'open' when all sessions are there or --open-ms has passed (who is late takes no part), 'storm' each \
            second, and for each line 'restored' on standard input one 'back', when all clients have been heard again or --patience has \
            passed, with the milliseconds of each since 'since_t_ms' ('null': not back). \
            Ends with the end of input, or after --seconds.
            """)

    @OptionGroup var options: ClientOptions

    @Option(help: "Clients, each with a session of its own.")
    var connections = 2_000
    @Option(help: "Milliseconds in which the clients have to be connected.")
    var openMs: Int64 = 60_000
    @Option(help: "Milliseconds between two messages of a client.")
    var everyMs: Int64 = 10_000
    @Option(help: "Bytes of a message.")
    var size = 40
    @Option(help: "How long 'back' waits for the last client, in seconds.")
    var patience: Int64 = 120
    @Option(help: "How long the whole may take, in seconds.")
    var seconds: Int64 = 600

    /// A client that was silent for longer is counted as quiet.
    private static let quietPeriods: Int64 = 2

    func validate() throws {
        guard (1...20_000).contains(connections) else { throw ValidationError("--connections takes 1 to 20000") }
        guard (1...3_600_000).contains(openMs) else { throw ValidationError("--open-ms takes 1 to 3600000") }
        guard (100...3_600_000).contains(everyMs) else { throw ValidationError("--every-ms takes 100 to 3600000") }
        guard (1...65_536).contains(size) else { throw ValidationError("--size takes 1 to 65536") }
        guard (1...3_600).contains(patience), (1...86_400).contains(seconds) else {
            throw ValidationError("--patience takes 1 to 3600, --seconds 1 to 86400")
        }
    }

    func run() async throws {
        Self.raiseFileLimit()
        let loop = MultiThreadedEventLoopGroup.singleton.next()
        let output = OutputLines()
        let (configuration, count, size) = (try options.connection(), connections, size)
        let period = TimeAmount.milliseconds(everyMs)
        let began = NIODeadline.now()
        let load = try await loop.submit {
            NIOLoopBound(
                try StormLoad(
                    configuration: configuration, count: count, period: period, size: size, eventLoop: loop),
                eventLoop: loop)
        }.get()
        let progress = loop.scheduleRepeatedTask(initialDelay: .seconds(1), delay: .seconds(1)) { _ in
            var line = EventLine.begin("storm")
            line.add("clients", load.value.openedCount)
            line.add("answered", load.value.answered)
            line.add("quiet", load.value.quiet(for: .nanoseconds(period.nanoseconds * Self.quietPeriods)))
            output.write(line)
        }
        let (end, patience) = (began + .seconds(seconds), TimeAmount.seconds(patience))
        let limit = TimeAmount.milliseconds(openMs)
        let timeout = loop.scheduleTask(deadline: end) { Self.leave(output) }
        let opened = loop.flatSubmit { load.value.open(within: limit) }
        opened.whenSuccess { count in
            var line = EventLine.begin("open")
            line.add("clients", count)
            line.add("ms", Double((NIODeadline.now() - began).nanoseconds) / 1e6)
            output.write(line)
        }
        for await text in InputLines.standardInput() {
            guard text == "restored" else {
                output.write(
                    EventLine.error(code: "bad_line", message: "the only line that means something is 'restored'"))
                continue
            }
            let now = NIODeadline.now()
            loop.flatSubmit { load.value.restored(since: now, within: patience) }.whenSuccess { back in
                var line = EventLine.begin("back")
                line.add("since_t_ms", Double(now.uptimeNanoseconds) / 1e6)
                line.add("back_ms", back.map { $0.map { Double($0.nanoseconds) / 1e6 } })
                output.write(line)
            }
        }
        timeout.cancel()
        progress.cancel()
        await output.finish()
    }

    /// The input may still be open, and waiting for it has no end.
    private static func leave(_ output: OutputLines) {
        Task {
            await output.finish()
            Foundation.exit(EXIT_SUCCESS)
        }
    }

    /// A client has a UDP socket, now and then a TCP one, and one that hears of address changes.
    private static func raiseFileLimit() {
        var limit = rlimit()
        guard getrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit) == 0 else { return }
        limit.rlim_cur = limit.rlim_max
        setrlimit(__rlimit_resource_t(RLIMIT_NOFILE.rawValue), &limit)
    }
}
