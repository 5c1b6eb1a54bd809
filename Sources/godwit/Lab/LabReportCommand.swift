import ArgumentParser
import Foundation
import GodwitLab

/// `godwit lab report`: tables and pictures of a run.
struct LabReportCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "report", abstract: "Make Markdown tables and SVG pictures of a run's results.",
        discussion: """
            Without --output the tables are printed. With --output DIR the pictures go into DIR, and the tables between the two \
            marks of the page DIR.md if there is one, else into DIR/report.md. Of several results a cell counts as the last \
            that has it measured it; the page says which are of which commit.
            """)

    @Argument(
        help: ArgumentHelp("Results folders, or files that run --json wrote, oldest first.", valueName: "results"))
    var paths: [String]

    func validate() throws {
        if paths.isEmpty { throw ValidationError("give a results folder, such as .build/lab/latest") }
    }

    @Option(help: ArgumentHelp("Where pictures and tables go.", valueName: "dir"))
    var output: String?

    func run() throws {
        do {
            let results = try combined()
            for place in results.damaged {
                FileHandle.standardError.write(Data("left out, because it can't be read: \(place)\n".utf8))
            }
            let pictures = output == nil ? [] : Picture.all(of: results)
            guard let output else {
                print(ReportPage(results, pictures: [], folder: "").text, terminator: "")
                return
            }
            for file in try write(results, pictures, to: output) { print(file) }
        } catch let error as LabError {
            throw Failure(error)
        }
    }

    private func combined() throws(LabError) -> Results {
        var results = try Results(path: paths[0])
        for path in paths.dropFirst() { results.merge(try Results(path: path)) }
        return results
    }

    /// The files written.
    private func write(_ results: Results, _ pictures: [Picture], to output: String) throws -> [String] {
        let folder = URL(fileURLWithPath: output).standardizedFileURL
        do {
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            var written: [String] = []
            for picture in pictures {
                let file = folder.appendingPathComponent(picture.name)
                try Data(picture.document.utf8).write(to: file, options: .atomic)
                written.append(file.path)
            }
            let page = folder.deletingLastPathComponent().appendingPathComponent(folder.lastPathComponent + ".md")
            if let text = FileManager.default.contents(atPath: page.path) {
                let report = ReportPage(results, pictures: pictures, folder: folder.lastPathComponent + "/")
                let whole = try report.inserted(into: String(decoding: text, as: UTF8.self), named: page.path)
                try Data(whole.utf8).write(to: page, options: .atomic)
                return written + [page.path]
            }
            let alone = folder.appendingPathComponent("report.md")
            try Data(ReportPage(results, pictures: pictures, folder: "").text.utf8).write(to: alone, options: .atomic)
            return written + [alone.path]
        } catch let error as LabError {
            throw error
        } catch {
            throw LabError.unwritable(path: folder.path, reason: error.localizedDescription)
        }
    }
}
