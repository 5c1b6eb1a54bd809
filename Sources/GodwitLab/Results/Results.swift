import Foundation

/// The results of one run, or of several that make one report: what it was, its guests, and its cells.
package struct Results: Sendable, Equatable {
    package var run: RunRecord
    /// Runs that measured some cells again, or further ones, in the order of `merge`.
    package private(set) var later: [Addition] = []
    package var guests: [LaneRecord]
    package var cells: [CellRecord]
    /// Lines that could not be read, each with its place.
    package var damaged: [String]

    package init(run: RunRecord, guests: [LaneRecord] = [], cells: [CellRecord] = [], damaged: [String] = []) {
        (self.run, self.guests, self.cells, self.damaged) = (run, guests, cells, damaged)
    }

    /// Reads a results folder, or the one file that `--json` wrote.
    package init(path: String) throws(LabError) {
        var isFolder: ObjCBool = false
        guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else {
            throw .unreadable(path: path, reason: "no such file or folder")
        }
        guard isFolder.boolValue else {
            try self.init(file: path)
            return
        }
        guard let text = FileManager.default.contents(atPath: path + "/run.json"),
            let run = try? JSONDecoder().decode(RunRecord.self, from: text)
        else { throw .notResults(path: path) }
        self.init(run: run)
        let names = (try? FileManager.default.contentsOfDirectory(atPath: path)) ?? []
        // `run.jsonl` last: it has the cells of guests that died, where no guest told more.
        for name in names.filter({ $0.hasPrefix("lane-") && $0.hasSuffix(".jsonl") }).sorted() + ["run.jsonl"] {
            guard let lines = FileManager.default.contents(atPath: path + "/" + name) else { continue }
            read(lines, named: name)
        }
        keepFirstOfEach()
    }

    private init(file path: String) throws(LabError) {
        struct Whole: Decodable {
            let run: RunRecord
            let guests: [LaneRecord]?
            let cells: [CellRecord]
        }
        guard let data = FileManager.default.contents(atPath: path),
            let whole = try? JSONDecoder().decode(Whole.self, from: data)
        else { throw .notResults(path: path) }
        self.init(run: whole.run, guests: whole.guests ?? [], cells: whole.cells)
    }

    /// All in one JSON document.
    package func json() throws -> Data {
        struct Whole: Encodable {
            let run: RunRecord
            let guests: [LaneRecord]
            let cells: [CellRecord]
        }
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        return try encoder.encode(Whole(run: run, guests: guests, cells: cells))
    }

    package mutating func read(_ lines: Data, named name: String) {
        struct Kind: Decodable { let record: String? }
        let decoder = JSONDecoder()
        let newline = UInt8(ascii: "\n")
        for (number, line) in zip(1..., lines.split(separator: newline, omittingEmptySubsequences: false)) {
            if line.isEmpty { continue }
            switch (try? decoder.decode(Kind.self, from: line))?.record {
            case "lane":
                if let guest = try? decoder.decode(LaneRecord.self, from: line) { guests.append(guest) }
            case "cell":
                if let cell = try? decoder.decode(CellRecord.self, from: line) {
                    cells.append(cell)
                } else {
                    damaged.append("\(name):\(number)")
                }
            case .some: continue
            // The last line of a guest that was killed may be torn.
            case nil: damaged.append("\(name):\(number)")
            }
        }
    }

    /// What a later run put into a report.
    package struct Addition: Sendable, Equatable {
        package let run: RunRecord
        /// Those that no run after it measured again.
        package fileprivate(set) var cells: [CellRecord]
    }

    /// Adds a later run: what it measured, whole cells with their runs, replaces what was measured before.
    package mutating func merge(_ other: Results) {
        let again = Set(other.cells.map(\.place))
        cells = cells.filter { !again.contains($0.place) } + other.cells
        for index in later.indices { later[index].cells.removeAll { again.contains($0.place) } }
        later.append(Addition(run: other.run, cells: other.cells))
        later.removeAll { $0.cells.isEmpty }
        guests += other.guests
        damaged += other.damaged
        run.profiles = (run.profiles ?? [:]).merging(other.run.profiles ?? [:]) { $1 }
        run.scenarios = (run.scenarios ?? [:]).merging(other.run.scenarios ?? [:]) { $1 }
        run.peers = (run.peers ?? [:]).merging(other.run.peers ?? [:]) { $1 }
    }

    private mutating func keepFirstOfEach() {
        var seen: Set<String> = []
        cells = cells.filter { seen.insert($0.id).inserted }
    }

    package var peers: [String] { Catalogue.ordered(Set(cells.map(\.peer))) }

    package func title(of peer: String) -> String { run.peers?[peer]?.title ?? peer }

    /// The runs of one cell, that have figures.
    package func runs(profile: String, scenario: String, peer: String) -> [CellRecord] {
        cells.filter {
            $0.profile == profile && $0.scenario == scenario && $0.peer == peer && $0.status != .unsupported
        }
    }
}
