import ArgumentParser
import Foundation
import GodwitLab
import UnixSignals

/// One run from its first line to its tables.
struct LabSession {
    let lab: LabRun
    let lanes: Lanes
    var record: RunRecord
    let folder: ResultsFolder
    let json: String?

    /// Whether every cell was measured or is beyond its peer. Throws exit code 130 after Ctrl-C, with the tables of what there is printed.
    func run() async throws -> Bool {
        var record = record
        try folder.write(record)
        let display = LabDisplay(RunProgress(lanes))
        await display.say(opening)
        record.interrupted = try await runUnlessInterrupted(display)
        record.endedAt = Date.now.formatted(.iso8601)
        await display.end()
        try folder.write(record)

        let results = try Results(path: folder.path)
        if let json { try results.json().write(to: URL(fileURLWithPath: json)) }
        print(RunSummary(results, planned: record.cells ?? 0).text, terminator: "")
        print("results: \(folder.path)")
        if record.interrupted == true {
            print(
                "interrupted: the tables show the \(results.cells.count) cells that were measured, of \(record.cells ?? 0)"
            )
            throw ExitCode(130)
        }
        return results.cells.count == record.cells && !results.cells.contains { $0.status == .failed }
    }

    private var opening: String {
        let light = lanes.light.reduce(0) { $0 + $1.count }
        var text = "lab: commit \(record.commit), seed \(record.seed): \(lanes.heavy.count + light) cells, about "
        text += RunProgress.duration(lanes.seconds)
        if !lanes.heavy.isEmpty { text += "; \(lanes.heavy.count) one by one" }
        if light > 0 { text += "; \(light) in \(lanes.light.count) guests, \(lanes.parallel) at a time in each" }
        return text
    }

    /// True after SIGINT or SIGTERM, when all guests have been ended.
    private func runUnlessInterrupted(_ display: LabDisplay) async throws -> Bool {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        return try await withThrowingTaskGroup(of: Bool.self) { group in
            group.addTask {
                for await _ in signals { return true }
                return false
            }
            group.addTask {
                do {
                    try await lab.run { event in await display.take(event) }
                } catch  where Task.isCancelled {}
                return false
            }
            group.addTask {
                while !Task.isCancelled {
                    await display.tick()
                    try? await Task.sleep(for: .seconds(1))
                }
                return false
            }
            // The ticking ends only when it is told to: the first to end is the run or a signal.
            let isInterrupted = try await group.next() ?? false
            if isInterrupted { await display.say("lab: ending the guests…") }
            group.cancelAll()
            try await group.waitForAll()
            return isInterrupted
        }
    }
}
