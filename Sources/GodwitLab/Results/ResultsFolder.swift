import Foundation

/// Where a run leaves `run.json`, its guests' lines and logs.
package struct ResultsFolder: Sendable {
    /// Absolute.
    package let path: String

    /// A named folder must be new or empty: two runs in one would be mixed. Without a name it is made in `.build/lab`, which keeps a link
    /// `latest` to the newest.
    package static func make(_ name: String?, root: String, startedAt: String) throws(LabError) -> ResultsFolder {
        let files = FileManager.default
        let stamp = startedAt.filter { $0 != "-" && $0 != ":" }
        let path = URL(fileURLWithPath: name ?? "\(root)/.build/lab/\(stamp)").standardizedFileURL.path
        if let existing = try? files.contentsOfDirectory(atPath: path), !existing.isEmpty {
            throw .notEmpty(path: path)
        }
        do {
            try files.createDirectory(atPath: path, withIntermediateDirectories: true)
            if name == nil {
                let link = "\(root)/.build/lab/latest"
                try? files.removeItem(atPath: link)
                try files.createSymbolicLink(atPath: link, withDestinationPath: stamp)
            }
        } catch {
            throw .unwritable(path: path, reason: error.localizedDescription)
        }
        return ResultsFolder(path: path)
    }

    package func write(_ run: RunRecord) throws(LabError) {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
        let file = path + "/run.json"
        do {
            try encoder.encode(run).write(to: URL(fileURLWithPath: file), options: .atomic)
        } catch {
            throw .unwritable(path: file, reason: error.localizedDescription)
        }
    }
}
