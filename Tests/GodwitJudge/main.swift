import Glibc
import GodwitSimulation
import GodwitTransport
import GodwitWire
import NIOCore

/// Judges the transport on the lab's profiles in virtual time: thousands of messages a second, so that a percentile means something.
///
///     godwit-judge [chat|connect|reconnect|mixed|blackout|image|bulk|allocations|wake] [PROFILE|all] [RUNS] [SEED]
///
/// With NARRATE set it tells about each datagram.
let arguments = Array(CommandLine.arguments.dropFirst())
func argument(_ index: Int) -> String? { index < arguments.count ? arguments[index] : nil }

let profile = argument(1) ?? "all"
let runs = max(1, argument(2).flatMap(Int.init) ?? 100)
let seed = argument(3).flatMap(UInt64.init) ?? 1
let networks = JudgedNetwork.all.filter { profile == "all" || $0.name == profile }
guard !networks.isEmpty else {
    print("there is no profile \(profile); there are:", JudgedNetwork.all.map(\.name).joined(separator: ", "))
    exit(2)
}

switch argument(0) ?? "chat" {
case "chat":
    var chat = ChatWorkload()
    chat.narrates = getenv("NARRATE") != nil
    print(ChatReport.heading)
    for network in networks {
        var report = ChatReport()
        for run in 0..<runs { report.add(try chat.run(network, seed: seed &+ UInt64(run))) }
        print(report.line(network.name))
    }
case "connect", "reconnect":
    print(ConnectReport.heading)
    for network in networks {
        var connect = ConnectWorkload()
        connect.remembers = argument(0) == "reconnect"
        connect.narrates = getenv("NARRATE") != nil
        var report = ConnectReport()
        for run in 0..<runs { report.add(try connect.run(network, seed: seed &+ UInt64(run))) }
        print(report.line(network.name))
    }
case "mixed":
    // The chat beside a transfer of the same urgency, and beside one that yields to it.
    print(ChatReport.heading)
    for network in networks {
        for images in [Urgency.text, .media] {
            var chat = ChatWorkload(messages: 60)
            chat.images = images
            var report = ChatReport()
            for run in 0..<runs { report.add(try chat.run(network, seed: seed &+ UInt64(run))) }
            print(report.line("\(network.name) \(images)"))
        }
    }
case "blackout":
    print(BlackoutReport.heading)
    for network in networks {
        for typesInTheDark in [true, false] {
            var blackout = BlackoutWorkload()
            blackout.typesInTheDark = typesInTheDark
            blackout.narrates = getenv("NARRATE") != nil
            var report = BlackoutReport()
            for run in 0..<runs { report.add(try blackout.run(network, seed: seed &+ UInt64(run))) }
            print(report.line(typesInTheDark ? network.name : "  silent"))
        }
    }
case "image", "bulk":
    var bulk = BulkWorkload()
    bulk.narrates = getenv("NARRATE") != nil
    let isImage = argument(0) == "image"
    if !isImage {
        bulk.duration = .seconds(30)
        bulk.messageBytes = 20_000
    }
    for algorithm in CongestionAlgorithm.allCases {
        bulk.configuration.congestion = algorithm
        for network in networks {
            var times: [Double] = []
            var goodput = 0.0
            var use = LinkUse()
            for run in 0..<runs {
                let result = try bulk.run(network, seed: seed &+ UInt64(run))
                times.append(result.milliseconds)
                goodput += result.goodput
                use.add(result.down)
            }
            times.sort()
            let share = goodput / Double(runs) / Double(network.profile.down.bitsPerSecond ?? 1)
            print(
                algorithm.rawValue.padded(6), network.name.padded(8),
                isImage
                    ? "median \(ms(percentile(times, 0.5))) ms, p90 \(ms(percentile(times, 0.9))) ms"
                    : "goodput \(fixed(goodput / Double(runs) / 1000, 0)) kbit/s = \(fixed(share * 100, 0)) % of the link",
                " passed \(use.passedBytes / runs) bytes; longest wait \(ms(Double(use.longestWait.nanoseconds) / 1e6)) ms, overflowed \(use.overflowed / runs)"
            )
        }
    }
case "allocations":
    let each = try AllocationCheck.run()
    print("\(fixed(each, 1)) allocations an echo; at most \(fixed(AllocationCheck.limit, 0)) in a release build")
    // 4 are the copies of the message: fewer were not counted.
    exit((4...AllocationCheck.limit).contains(each) ? 0 : 1)
case "wake":
    let cost = try WakeCost.run(echoes: 20_000)
    print(
        "\(fixed(cost.withRests, 1)) µs of processor an echo with a rest before it, \(fixed(cost.without, 1)) without: \(fixed(cost.withRests - cost.without, 1)) a rest"
    )
case let workload:
    print(
        "there is no workload \(workload); there are: chat, connect (to the first echo), reconnect (on a network that lost packets before), mixed (chat while images come down), blackout (of 8 s, in a chat and without anyone typing), image (200 KB to the client, in a chat), bulk (as much as passes in 30 s), allocations (of an echo), wake (what a rest costs)"
    )
    exit(2)
}
