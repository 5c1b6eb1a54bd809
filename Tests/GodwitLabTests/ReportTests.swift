import Foundation
import FoundationXML
import Testing

@testable import GodwitLab

extension Results {
    /// Two peers on two profiles, twice: Godwit is faster on loss20 and slower on 4g.
    static let sample: Results = {
        var run = RunRecord(commit: "abc", version: "1", seed: 1, startedAt: "2026-01-01T00:00:00Z")
        run.peers = ["godwit": .init(title: "Godwit"), "tcp": .init(title: "TCP & <TLS>")]
        var results = Results(run: run, guests: [LaneRecord(kernel: "6.1", versions: ["x": "1"])])
        for (profile, own, other) in [("4g", 90.0, 70.0), ("loss20", 200.0, 900.0)] {
            for round in 1...2 {
                for (peer, milliseconds) in [("godwit", own), ("tcp", other)] {
                    var cell = CellRecord(profile: profile, scenario: "chat", peer: peer, run: round)
                    cell.samples["echo_ms"] = (0..<150).map { milliseconds + Double($0 * 7 % 10) }
                    results.cells.append(cell)
                }
            }
        }
        return results
    }()
}

@Suite("Reports")
struct ReportTests {
    @Test("peers are columns with Godwit first, profiles are rows, and the best of each figure is bold")
    func table() {
        let table = ScenarioTable(.sample, scenario: "chat").table
        #expect(table.heads == ["profile", "figure", "Godwit", "TCP & <TLS>"])
        #expect(table.rows[0] == ["4g", "within 1 s / 3 s / ever %", "100 / 100 / 100", "100 / 100 / 100"])
        #expect(table.rows[1].suffix(2) == ["94 / 98 / 99 / 99", "**74** / **78** / **79** / **79**"])
        #expect(table.rows[2].first == "loss20")
    }

    @Test("cells without figures say why under the table")
    func footnotes() {
        var results = Results.sample
        var idle = CellRecord(profile: "4g", scenario: "idle", peer: "tcp", status: .unsupported)
        idle.reason = "no 0-RTT"
        var dead = CellRecord(profile: "4g", scenario: "idle", peer: "godwit", status: .failed)
        dead.reason = "the guest died"
        results.cells += [idle, dead]
        let table = ScenarioTable(results, scenario: "idle")
        #expect(table.table.rows == [["4g", "", "failed †", "–"]])
        #expect(table.footnotes == ["– TCP & <TLS>: no 0-RTT.", "† `4g/idle/godwit#1` failed: the guest died."])
    }

    @Test("columns line up, and a bar in a cell does not end it")
    func markdown() {
        var table = MarkdownTable(heads: ["a", "bb"])
        table.rows = [["x|y"], ["1", "22222"]]
        #expect(table.text == "| a    | bb    |\n|------|-------|\n| x\\|y |       |\n| 1    | 22222 |\n")
    }

    @Test("where Godwit loses is told, with the best other peer, and only there")
    func losses() {
        let losses = Losses(.sample, draws: 200)
        #expect(losses.losses.allSatisfy { $0.profile == "4g" && $0.best == "tcp" })
        #expect(losses.losses.map(\.judgement.figure.name) == ["p50", "p90", "p99", "max"])
        #expect(losses.text(.sample).contains("`4g`: 94, TCP & <TLS> 74"))
        var others = Results.sample
        others.cells.removeAll { $0.peer == "godwit" }
        #expect(Losses(others, draws: 200).text(others).isEmpty)
    }

    @Test("a report replaces what stands between the marks of its page, and nothing else")
    func page() throws {
        let report = ReportPage(.sample, pictures: Picture.all(of: .sample), folder: "benchmarks/")
        let page = "# Title\n\(ReportPage.begin)\nstale words\n\(ReportPage.end)\nlast\n"
        let once = try report.inserted(into: page, named: "p")
        #expect(once.hasPrefix("# Title\n\(ReportPage.begin)\n") && once.hasSuffix("\(ReportPage.end)\nlast\n"))
        #expect(!once.contains("stale words") && once.contains("](benchmarks/chat-loss20.svg)"))
        #expect(try report.inserted(into: once, named: "p") == once)
        #expect(throws: LabError.noMarkers(page: "p")) { try report.inserted(into: "# Title", named: "p") }
    }

    @Test("runs of one cell show their spread")
    func repeatability() {
        let rows = Repeatability(.sample).table.rows
        #expect(rows.contains(["chat", "4g", "Godwit", "p50 ms", "2", "94", "94 to 94", "0 %"]))
    }
}

@Suite("Pictures")
struct PictureTests {
    /// Elements and attributes of a document that is well-formed XML.
    private final class Reader: NSObject, XMLParserDelegate {
        var names: [String] = []
        var attributes: [[String: String]] = []
        func parser(
            _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
            attributes: [String: String]
        ) {
            names.append(name)
            self.attributes.append(attributes)
        }
    }

    private func read(_ document: String) throws -> Reader {
        let reader = Reader()
        let parser = XMLParser(data: Data(document.utf8))
        parser.delegate = reader
        #expect(parser.parse(), "\(String(describing: parser.parserError))")
        return reader
    }

    @Test("every picture is well-formed, names its subject, and has no number that is none")
    func wellFormed() throws {
        var results = Results.sample
        for index in results.cells.indices where results.cells[index].peer == "tcp" {
            results.cells[index].samples["echo_ms"]?[3] = nil
        }
        var dead = CellRecord(profile: "2g", scenario: "chat", peer: "tcp")
        dead.samples["echo_ms"] = [nil, nil]
        results.cells.append(dead)
        let pictures = Picture.all(of: results)
        #expect(pictures.map(\.name) == ["chat-success.svg", "chat-4g.svg", "chat-2g.svg", "chat-loss20.svg"])
        for picture in pictures {
            let reader = try read(picture.document)
            #expect(reader.names.first == "svg" && reader.names.contains("title") && reader.names.contains("style"))
            #expect(!picture.document.contains("nan") && !picture.document.contains("inf"))
            #expect(reader.attributes.allSatisfy { $0["href"] == nil && $0["src"] == nil })
        }
    }

    @Test("text from results can't break out of its element")
    func escaping() throws {
        var svg = SVG(width: 1, height: 1, title: "<&\">", description: "a\u{0}b")
        svg.text("</text><script>", x: 0, y: 0)
        #expect(try read(svg.document).names.contains("script") == false)
    }

    @Test("the time axis spans its values between round numbers")
    func axis() {
        let scale = TimeScale(values: [70, 4_100, .infinity], from: 0, to: 100)
        #expect(scale.low == 50 && scale.high == 5_000)
        #expect(scale.position(50) == 0 && scale.position(500) == 50 && scale.position(.infinity) == 100)
        #expect(scale.ticks.map(\.text) == ["50 ms", "100 ms", "200 ms", "500 ms", "1 s", "2 s", "5 s"])
        #expect(TimeScale(values: [], from: 0, to: 1).position(5).isFinite)
        #expect(TimeScale(values: [100], from: 0, to: 1).position(100).isFinite)
    }

    @Test("each nine has the same height on the axis of shares")
    func nines() {
        let scale = ShareScale(samples: 150, from: 0, to: 100)
        #expect(abs(scale.position(0.9) - 50) < 1e-9 && abs(scale.position(0.99) - 100) < 1e-9)
        #expect(scale.position(1) == scale.position(0.99))
    }
}
