import Foundation
import Testing

@testable import GodwitLab

@Suite("Results")
struct ResultsTests {
    private func read(_ lines: String) -> Results {
        var results = Results(run: RunRecord(commit: "c", version: "v", seed: 1, startedAt: "t"))
        results.read(Data(lines.utf8), named: "lane-1.jsonl")
        return results
    }

    @Test("a record needs only its names; unknown keys and wrong types beside them are passed over")
    func lenient() throws {
        let results = read(
            """
            {"record":"lane","lane":"1","kernel":"6.1","versions":{"aioquic":"1.2"},"more":[1]}
            {"record":"cell","profile":"4g","scenario":"chat","peer":"godwit"}
            {"record":"cell","profile":"4g","scenario":"chat","peer":"mqtt","run":3,"status":"ok","reason":null,"wire":"lost",\
            "samples":{"echo_ms":[12.5,null],"round_ms":[]},"sent":2,"storm":{"clients":5}}

            """)
        #expect(results.guests == [LaneRecord(kernel: "6.1", versions: ["aioquic": "1.2"])])
        try #require(results.cells.count == 2)
        #expect(results.cells[0].id == "4g/chat/godwit#1" && results.cells[0].status == .ok)
        #expect(results.cells[1].samples["echo_ms"] == [12.5, nil])
        #expect(results.cells[1].sent == 2 && results.cells[1].wire == nil)
        #expect(results.damaged.isEmpty)
    }

    @Test("a torn last line and a cell without a name are left out, and told with their place")
    func damaged() {
        let results = read("{\"record\":\"cell\",\"profile\":\"4g\"}\n{\"record\":\"cell\",\"prof")
        #expect(results.cells.isEmpty)
        #expect(results.damaged == ["lane-1.jsonl:1", "lane-1.jsonl:2"])
    }

    @Test("a record written by us is read back as it was")
    func roundTrip() throws {
        var cell = CellRecord(profile: "2g", scenario: "idle", peer: "godwit", run: 2, status: .failed)
        (cell.reason, cell.seed, cell.startedAt, cell.seconds) = ("cut", 7, "now", 3)
        cell.samples = ["echo_ms": [1, nil]]
        (cell.sent, cell.delivered, cell.duplicates, cell.orderBreaks) = (2, 1, 0, 0)
        (cell.wire, cell.cpu) = (.init(upBytes: 10, downBytes: 20), .init(clientSeconds: 1, serverSeconds: 2))
        (cell.goodput, cell.idle, cell.notes) = (9, .init(upBytesPerHour: 5, downBytesPerHour: 6), ["a note"])
        #expect(try JSONDecoder().decode(CellRecord.self, from: JSONEncoder().encode(cell)) == cell)
    }

    @Test("a folder and the one file of --json give the same; the guest's own record of a cell beats that of its loss")
    func places() throws {
        let folder = FileManager.default.temporaryDirectory.appendingPathComponent("godwit-lab-\(UUID())")
        defer { try? FileManager.default.removeItem(at: folder) }
        let place = try ResultsFolder.make(folder.path, root: "/", startedAt: "t")
        try place.write(RunRecord(commit: "c", version: "v", seed: 1, startedAt: "t"))
        let own = CellRecord(profile: "4g", scenario: "chat", peer: "godwit")
        let lost = CellRecord(profile: "4g", scenario: "chat", peer: "godwit", status: .failed)
        let other = CellRecord(profile: "4g", scenario: "chat", peer: "mqtt", status: .failed)
        let encoder = JSONEncoder()
        try encoder.encode(own).write(to: folder.appendingPathComponent("lane-1.jsonl"))
        try (encoder.encode(lost) + Data("\n".utf8) + encoder.encode(other))
            .write(to: folder.appendingPathComponent("run.jsonl"))
        let results = try Results(path: folder.path)
        #expect(results.cells == [own, other])
        let file = folder.appendingPathComponent("all.json")
        try results.json().write(to: file)
        #expect(try Results(path: file.path) == results)
        #expect(throws: LabError.notEmpty(path: folder.path)) {
            try ResultsFolder.make(folder.path, root: "/", startedAt: "t")
        }
    }

    @Test("what holds no results is told so")
    func noResults() {
        #expect(throws: LabError.unreadable(path: "/nowhere", reason: "no such file or folder")) {
            try Results(path: "/nowhere")
        }
        #expect(throws: LabError.notResults(path: "/proc")) { try Results(path: "/proc") }
    }

    @Test("a later run's cells replace the earlier ones whole, and the page tells which they are")
    func merging() {
        var results = Results.sample
        var again = Results(run: RunRecord(commit: "def", version: "2", seed: 2, startedAt: "2026-02-02T00:00:00Z"))
        again.run.peers = ["quic": .init(title: "QUIC")]
        var faster = CellRecord(profile: "4g", scenario: "chat", peer: "godwit")
        faster.samples["echo_ms"] = [60]
        again.cells = [faster, CellRecord(profile: "4g", scenario: "image", peer: "quic")]
        results.merge(again)
        #expect(results.runs(profile: "4g", scenario: "chat", peer: "godwit") == [faster])
        #expect(results.runs(profile: "loss20", scenario: "chat", peer: "godwit").count == 2)
        #expect(results.title(of: "quic") == "QUIC" && results.title(of: "tcp") == "TCP & <TLS>")
        let page = ReportPage(results, pictures: [], folder: "").text
        #expect(page.contains("Commit `abc`"))
        #expect(page.contains("2 are of commit `def`, 2026-02-02T00:00:00Z, seed 2: chat of godwit; image of quic."))

        var third = Results(run: RunRecord(commit: "fed", version: "2", seed: 3, startedAt: "2026-03-03T00:00:00Z"))
        third.cells = again.cells
        results.merge(third)
        #expect(results.later.map(\.run.commit) == ["fed"], "nothing is left of the second run")
    }
}
