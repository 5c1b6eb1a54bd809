import Foundation
import Subprocess
import SystemPackage

/// One guest: `netem/guest.sh` with the engine in it, which boots a user-mode Linux where this kernel has no `sch_netem`.
struct Guest {
    /// The folder that has `netem`.
    let root: String
    /// Absolute.
    let results: String
    /// Also the end of its files' names.
    let lane: String
    let plan: GuestPlan

    /// How a guest ended.
    struct Ending {
        let status: String
        /// The last of what it printed that was no progress.
        let lastWords: String
    }

    /// How long the cleaning up after SIGTERM may take.
    private static let patience = Duration.seconds(15)
    /// Start of the guest, and what estimates forget. The engine bounds each cell by itself (cell.py).
    private static let spareSeconds = 600.0

    /// Ends when the guest has ended; cancelling ends the guest.
    func run(onLine: @Sendable (GuestLine) async -> Void) async throws -> Ending {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let file = "\(results)/plan-\(lane).json"
        try encoder.encode(plan).write(to: URL(fileURLWithPath: file))
        let log = try LineLog(path: "\(results)/lane-\(lane).log")
        let words = [
            "\(root)/netem/guest.sh", "/usr/bin/python3", "-B", "\(root)/netem/guest/lab.py", "--plan", file,
            "--results", results,
            "--lane", lane,
        ]
        let result = try await Subprocess.run(
            .path("/bin/bash"), arguments: .init(words),
            environment: .inherit.updating(["GODWIT_UML_SECONDS": "\(Int(limitSeconds))"]),
            workingDirectory: FilePath(root),
            platformOptions: Self.ownGroup, input: .none, output: .sequence, error: .combinedWithOutput
        ) { execution in
            var lastWords = ""
            for try await text in execution.standardOutput.strings(bufferingPolicy: .unbounded) {
                let line = GuestLine(text)
                if case .other(let words) = line, !words.isEmpty {
                    log.write(words)
                    lastWords = words
                }
                await onLine(line)
            }
            return lastWords
        }
        return Ending(status: "\(result.terminationStatus)", lastWords: result.closureResult)
    }

    private var limitSeconds: Double {
        let longest = plan.cells.map(\.seconds).max() ?? 0
        let all = plan.cells.reduce(0) { $0 + $1.seconds } / Double(max(1, plan.parallel))
        return Self.spareSeconds + 3 * (all + longest)
    }

    /// A group of its own, so that Ctrl-C in the terminal reaches us alone, and we end the guest in order.
    private static var ownGroup: PlatformOptions {
        var options = PlatformOptions()
        options.processGroupID = 0
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: patience)]
        return options
    }
}

/// A file of lines.
private final class LineLog: Sendable {
    private let file: FileHandle

    init(path: String) throws {
        let place = URL(fileURLWithPath: path)
        try Data().write(to: place)
        file = try FileHandle(forWritingTo: place)
    }

    func write(_ line: String) { try? file.write(contentsOf: Data((line + "\n").utf8)) }
}
