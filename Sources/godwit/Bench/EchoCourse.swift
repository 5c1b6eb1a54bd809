import ArgumentParser
import NIOCore

/// How echoes are measured, whatever their size: rounds of two kinds by turns, on loops of their own.
struct EchoCourse: ParsableArguments, CustomStringConvertible {
    @Option(help: "Seconds of a round.")
    var seconds = 3
    @Option(help: "Rounds of each kind.")
    var rounds = 3
    @Option(help: "Event loops of the server, and as many of the clients.")
    var loops = max(1, System.coreCount / 2)

    var duration: TimeAmount { .seconds(Int64(seconds)) }

    var description: String { "\(seconds) s a round, \(loops) + \(loops) loops" }

    func validate() throws {
        guard (1...60).contains(seconds), (1...20).contains(rounds), (1...64).contains(loops) else {
            throw ValidationError("--seconds takes 1 to 60, --rounds 1 to 20, --loops 1 to 64")
        }
    }
}
