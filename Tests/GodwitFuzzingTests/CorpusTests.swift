import Foundation
import GodwitFuzzing
import Testing

@Suite("The fuzz corpus")
struct CorpusTests {
    @Test("no file of the corpus traps its decoder or breaks its round trip", arguments: FuzzTarget.allCases)
    func replay(target: FuzzTarget) throws {
        let folder = URL(filePath: #filePath).deletingLastPathComponent()
            .appending(components: "Corpus", target.rawValue)
        let files = try FileManager.default.contentsOfDirectory(at: folder, includingPropertiesForKeys: nil)
        #expect(!files.isEmpty, "\(folder.path) holds no seeds")
        for file in files {
            // A finding stops the process here; the name of the file is the last thing printed.
            print("replaying \(target.rawValue)/\(file.lastPathComponent)")
            target.run([UInt8](try Data(contentsOf: file)))
        }
    }
}
