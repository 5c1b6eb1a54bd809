import ArgumentParser
import Foundation
import GodwitLab

/// Where the lab's profiles, scenarios, peers and scripts are.
struct LabFolder: ParsableArguments {
    @Option(
        help: ArgumentHelp("The folder with profiles, scenarios and peers; else netem here or above.", valueName: "dir")
    )
    var netem: String?

    /// The folder that has `netem`, absolute.
    func root() throws -> String {
        let files = FileManager.default
        if let netem {
            let folder = URL(fileURLWithPath: netem).standardizedFileURL
            guard files.fileExists(atPath: folder.path + "/profiles"), folder.lastPathComponent == "netem" else {
                throw Failure(LabError.noLabFolder(searched: folder.path))
            }
            return folder.deletingLastPathComponent().path
        }
        let here = URL(fileURLWithPath: files.currentDirectoryPath).standardizedFileURL
        var folder = here
        while true {
            if files.fileExists(atPath: folder.path + "/netem/profiles") { return folder.path }
            guard folder.path != "/" else { throw Failure(LabError.noLabFolder(searched: here.path + " or above")) }
            folder.deleteLastPathComponent()
        }
    }
}
