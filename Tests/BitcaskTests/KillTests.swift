import BitcaskTorture
import Foundation
import Testing

@testable import Bitcask

/// `kill -9` of a process in the middle of its writes, on the real file system.
@Suite struct KillTests {
    /// `GODWIT_KILLS` overrides it.
    private static let kills = ProcessInfo.processInfo.environment["GODWIT_KILLS"].flatMap(Int.init) ?? 200

    private static var writer: URL {
        get throws {
            // Beside the test bundle, which is the program itself on Linux.
            let folder = URL(filePath: "/proc/self/exe").resolvingSymlinksInPath().deletingLastPathComponent()
            let candidates = [folder, Bundle.main.bundleURL].map { $0.appending(component: "BitcaskWriter") }
            return try #require(candidates.first { FileManager.default.isExecutableFile(atPath: $0.path) })
        }
    }

    @Test("a killed writer leaves every acknowledged write, and of the one under way all or nothing")
    func kill9() throws {
        let directory = FileManager.default.temporaryDirectory.appending(component: "bitcask-kill-\(UUID().uuidString)")
        defer { try? FileManager.default.removeItem(at: directory) }
        var random = SystemRandomNumberGenerator()
        var model = Model()
        var next: UInt64 = 0
        for kill in 0..<Self.kills {
            let last = try life(
                directory.path, from: next, killAfter: Int.random(in: 1...400, using: &random))
            while next <= last {
                Self.apply(next, to: &model)
                next += 1
            }
            let store = try Bitcask(directory: directory.path, options: TortureOperation.options)
            let found = try store.scan(prefix: []).reduce(into: Model()) { $0[$1.key] = $1.value }
            #expect(store.corruptions.isEmpty)
            try store.close()
            guard found != model else { continue }
            // Not acknowledged, but it may have been written.
            Self.apply(next, to: &model)
            next += 1
            try #require(found == model, "kill \(kill): something acknowledged is missing, or something else is there")
        }
        print("\(Self.kills) kills, \(next) writes")
    }

    /// Runs a writer, kills it after so many acknowledgements, and returns the last one it gave.
    private func life(_ directory: String, from number: UInt64, killAfter count: Int) throws -> UInt64 {
        let process = Process()
        process.executableURL = try Self.writer
        process.arguments = [directory, String(number)]
        let pipe = Pipe()
        process.standardOutput = pipe
        try process.run()
        var acknowledged = Data()
        while acknowledged.count < count * 8 {
            let more = pipe.fileHandleForReading.availableData
            if more.isEmpty { break }
            acknowledged += more
        }
        kill(process.processIdentifier, SIGKILL)
        acknowledged += pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        #expect(
            process.terminationReason == .uncaughtSignal, "the writer ended by itself: \(process.terminationStatus)")
        let whole = acknowledged.count / 8
        try #require(whole > 0)
        return number + UInt64(whole) - 1
    }

    private static func apply(_ number: UInt64, to model: inout Model) {
        for (key, change) in TortureOperation(number).changes {
            switch change {
            case .put(let value): model[key] = value
            case .delete: model[key] = nil
            }
        }
    }
}
