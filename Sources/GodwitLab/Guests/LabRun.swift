import Foundation

/// Runs the guests of a plan: the heavy cells' alone, then the others side by side.
package struct LabRun: Sendable {
    /// What a run tells those who watch.
    package enum Event: Sendable {
        case line(GuestLine)
        /// A cell that has failed with its guest.
        case lost(cell: String, reason: String)
    }

    package typealias Watch = @Sendable (Event) async -> Void

    private let root: String
    private let results: String
    private let godwit: String
    private let commit: String
    private let plan: Plan
    private let lanes: Lanes

    /// `root` has the folder netem; `results` and `godwit` are absolute.
    package init(root: String, results: String, godwit: String, commit: String, plan: Plan, lanes: Lanes) {
        (self.root, self.results, self.godwit) = (root, results, godwit)
        (self.commit, self.plan, self.lanes) = (commit, plan, lanes)
    }

    /// Ends when all guests have ended. Cancelling ends them; what was measured until then stays in the results folder.
    package func run(watch: @escaping Watch) async throws {
        if !lanes.heavy.isEmpty { try await run(lanes.heavy, lane: "0", parallel: 1, watch: watch) }
        try await withThrowingTaskGroup { group in
            for (index, cells) in lanes.light.enumerated() where !cells.isEmpty {
                group.addTask { try await run(cells, lane: "\(index + 1)", parallel: lanes.parallel, watch: watch) }
            }
            try await group.waitForAll()
        }
    }

    private func run(_ cells: [Cell], lane: String, parallel: Int, watch: @escaping Watch) async throws {
        let owner = LaneOwner(cells)
        var guests = 0
        while case let waiting = await owner.next(), !waiting.isEmpty {
            try Task.checkCancellation()
            let guest = Guest(
                root: root, results: results, lane: guests == 0 ? lane : "\(lane)g\(guests)",
                plan: GuestPlan(
                    commit: commit, godwit: godwit, seed: plan.seed, cells: waiting, parallel: parallel,
                    overrides: plan.overrides))
            guests += 1
            let ending = try await guest.run { line in
                await owner.take(line)
                await watch(.line(line))
            }
            // Ended by us: what is missing was not lost.
            try Task.checkCancellation()
            for failure in await owner.ended(ending) {
                let record = CellRecord(failure.cell, status: .failed, reason: failure.reason)
                try await LostCells.shared.append(record, in: results)
                await watch(.lost(cell: failure.cell.id, reason: failure.reason))
            }
        }
    }
}

/// A lane's state, shared by its guest's lines and its loop.
private actor LaneOwner {
    private var state: LaneState

    init(_ cells: [Cell]) { state = LaneState(cells) }

    /// The cells for the next guest.
    func next() -> [Cell] {
        state.guestStarts()
        return state.waiting
    }

    func take(_ line: GuestLine) { state.take(line) }

    func ended(_ ending: Guest.Ending) -> [LaneState.Failure] {
        state.guestEnded(status: ending.status, lastWords: ending.lastWords)
    }
}

/// Records of cells whose guest can't write them any more. Lanes end at the same time, and share the file.
private actor LostCells {
    static let shared = LostCells()

    func append(_ record: CellRecord, in results: String) throws {
        let path = results + "/run.jsonl"
        var lines = FileManager.default.contents(atPath: path) ?? Data()
        lines += try JSONEncoder().encode(record) + Data("\n".utf8)
        try lines.write(to: URL(fileURLWithPath: path))
    }
}
