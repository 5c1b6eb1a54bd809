import Glibc

/// Judges the transport on the lab's profiles in virtual time: thousands of messages a second, so that a percentile means something.
///
///     godwit-judge [chat] [PROFILE|all] [RUNS] [SEED]
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
case let workload:
    print("there is no workload \(workload); there is: chat")
    exit(2)
}
