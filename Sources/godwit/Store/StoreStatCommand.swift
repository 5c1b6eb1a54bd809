import ArgumentParser
import Bitcask

/// `godwit store stat`: what is in it, in figures.
struct StoreStatCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "stat", abstract: "Open a store as the server would and print its figures.",
        discussion: "Opening recovers: an unfinished record that a crash left at the end is cut off.")

    @Argument(help: ArgumentHelp("The store.", valueName: "DIR"))
    var directory: String
    @Flag(help: "Print one JSON object.")
    var json = false

    private struct Figures: Encodable {
        let name: String
        let storeID: String
        let keys: Int
        let files: Int
        let liveBytes: UInt64
        let deadBytes: UInt64
        let keydirBytes: Int
        let damage: [String]
    }

    func run() throws {
        try refusing {
            let layout = try StoreLayout(directory)
            let progress = StoreProgress("open")
            var all: [Figures] = []
            for (index, part) in layout.parts.enumerated() {
                progress.show(UInt64(index), of: UInt64(layout.parts.count), part.name, unit: "shards")
                let store = try layout.open(part)
                all.append(Self.figures(store, part.name))
                try store.close()
            }
            progress.clear()
            print(json ? try StoreCheckCommand.encoded(["parts": all]) : Self.text(all))
            if all.contains(where: { !$0.damage.isEmpty }) { throw StoreCommand.damaged }
        }
    }

    private static func figures(_ store: Bitcask, _ name: String) -> Figures {
        let figures = store.statistics
        return Figures(
            name: name, storeID: store.storeID.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(),
            keys: figures.keys, files: figures.files, liveBytes: figures.liveBytes, deadBytes: figures.deadBytes,
            keydirBytes: figures.keydirBytes, damage: store.corruptions.map(\.description))
    }

    private static func text(_ all: [Figures]) -> String {
        var lines = all.flatMap { part in
            [
                "\(part.name): \(part.keys) keys, \(part.files) files, \(StoreProgress.bytes(part.liveBytes)) live, "
                    + "\(StoreProgress.bytes(part.deadBytes)) dead, \(StoreProgress.bytes(UInt64(part.keydirBytes))) of memory"
            ] + part.damage.map { "  damaged: \($0)" }
        }
        if all.count > 1 {
            let dead = all.reduce(0) { $0 + $1.deadBytes }
            lines.append(
                "in all: \(all.reduce(0) { $0 + $1.keys }) keys, "
                    + "\(StoreProgress.bytes(all.reduce(0) { $0 + $1.liveBytes })) live, \(StoreProgress.bytes(dead)) dead"
            )
        }
        return lines.joined(separator: "\n")
    }
}
