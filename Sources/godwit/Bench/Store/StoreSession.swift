import ArgumentParser
import Foundation
import StoreBench
import Subprocess
import SystemPackage
import UnixSignals

/// A run: every figure of every store, a process each, in turns.
struct StoreSession: Sendable {
    private static let outputLimit = 1 << 20

    let plan: StorePlan
    let contestants: StoreContestants
    let room: BenchDirectory
    let say: @Sendable (String) -> Void

    /// Ends the child and throws exit code 130 on SIGINT or SIGTERM.
    func runUnlessInterrupted() async throws -> StoreTable {
        let signals = await UnixSignalsSequence(trapping: .sigint, .sigterm)
        return try await withThrowingTaskGroup(of: StoreTable?.self) { group in
            group.addTask {
                for await _ in signals { return nil }
                return nil
            }
            group.addTask { try await run() }
            defer { group.cancelAll() }
            guard let table = try await group.next() ?? nil else {
                group.cancelAll()
                while !group.isEmpty { _ = try? await group.next() }
                throw ExitCode(130)
            }
            return table
        }
    }

    private func run() async throws -> StoreTable {
        var table = StoreTable(engines: plan.engines)
        if plan.cells.contains(where: \.readsLoaded) {
            for engine in plan.engines {
                say("load \(plan.keys) keys: \(engine)")
                _ = try await figures(of: plan.load(engine, in: try room.make("loaded-\(engine)")))
            }
        }
        for cell in plan.cells {
            for round in 1...plan.rounds {
                // Turns begin with another store each round, so that what the machine does beside hits all alike.
                for index in plan.engines.indices {
                    let engine = plan.engines[(index + round) % plan.engines.count]
                    let directory = cell.readsLoaded ? "\(room.path)/loaded-\(engine)" : try room.make("written")
                    let figures = try await figures(of: plan.task(cell, engine, in: directory, round: round))
                    let told = table.take(figures, cell: cell, engine: engine, keys: plan.keys)
                    say("\(cell.rawValue) \(round)/\(plan.rounds) \(engine): \(told)")
                    room.clear("\(room.path)/written")
                }
            }
        }
        return table
    }

    private func figures(of task: StoreTask) async throws -> StoreFigures {
        let (program, arguments) = try contestants.command(task)
        var options = PlatformOptions()
        options.teardownSequence = [.gracefulShutDown(allowedDurationToNextStep: .seconds(2))]
        let result = try await Subprocess.run(
            .path(FilePath(program)), arguments: .init(arguments), platformOptions: options,
            output: .string(limit: Self.outputLimit), error: .string(limit: Self.outputLimit))
        guard result.terminationStatus.isSuccess,
            let figures = try? JSONDecoder().decode(StoreFigures.self, from: Data(result.standardOutput.utf8))
        else {
            let said = result.standardError.trimmingCharacters(in: .whitespacesAndNewlines)
            throw BenchFailure(
                "\(task.workload.rawValue) with \(task.engine) ended with \(result.terminationStatus): \(said)")
        }
        return figures
    }
}
