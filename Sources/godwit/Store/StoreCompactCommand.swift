import ArgumentParser
import Bitcask

/// `godwit store compact`: gives back what overwritten and deleted values occupy.
struct StoreCompactCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "compact", abstract: "Give back the room of overwritten, deleted and expired values.",
        discussion: """
            A running server does this by itself when half of a file is dead; this does all of it at once. It needs room for the live bytes of the files \
            that are being merged. It can be interrupted at any time.
            """)

    @Argument(help: ArgumentHelp("The store.", valueName: "DIR"))
    var directory: String

    func run() throws {
        try refusing {
            let layout = try StoreLayout(directory)
            let before = layout.bytes
            for (index, part) in layout.parts.enumerated() {
                let progress = StoreProgress("compact \(index + 1)/\(layout.parts.count) \(part.name)")
                let store = try layout.open(part)
                let dead = store.statistics.deadBytes
                try store.merge(everything: true) { left in
                    progress.show(dead - min(left, dead), of: dead)
                }
                try store.close()
            }
            let after = layout.bytes
            print(
                "\(layout.directory): \(StoreProgress.bytes(before)) before, \(StoreProgress.bytes(after)) now")
        }
    }
}
