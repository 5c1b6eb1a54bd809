import ArgumentParser
import Foundation
import ShardedStore

/// `godwit store restore`: from a backup to a store that a server can open.
struct StoreRestoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "restore", abstract: "Make a store from a backup.",
        discussion: """
            The backup is read and checked first; a damaged one is refused. Files are copied, never linked, so the backup stays as it is. The store is \
            complete or has the name DIR.partial. A server's store belongs in the directory `store` of its data directory.
            """)

    @Argument(help: ArgumentHelp("The backup.", valueName: "BACKUP"))
    var backup: String
    @Argument(help: ArgumentHelp("Where the store goes; must not exist, or be empty.", valueName: "DIR"))
    var directory: String
    @Flag(help: "Restore a damaged backup as well; the server will skip what is damaged.")
    var force = false

    func run() throws {
        try refusing {
            let layout = try StoreLayout(backup)
            let target = URL(fileURLWithPath: directory).standardizedFileURL.path
            let new = try NewDirectory(target)
            let found = try StoreVerification(layout, title: "check")
            if !found.isSound {
                print(found.text)
                guard force else {
                    try? FileManager.default.removeItem(atPath: new.partial)
                    FileHandle.standardError.write(
                        Data("Error: \(StoreToolError.damagedBackup(layout.directory))\n".utf8))
                    throw StoreCommand.damaged
                }
            }
            try copy(layout, to: new)
            try new.complete()
            print("\(target): \(StoreProgress.bytes(try StoreLayout(target).bytes)) restored")
        }
    }

    private func copy(_ layout: StoreLayout, to new: NewDirectory) throws {
        let progress = StoreProgress("restore")
        let total = layout.bytes
        var done: UInt64 = 0
        for part in layout.parts {
            let place = layout.metadata == nil ? "" : part.name
            if !place.isEmpty { try new.make("\(new.partial)/\(place)") }
            for name in StoreLayout.files(in: part.path) {
                try new.copy(name, from: part.path, to: place) { count in
                    done += UInt64(count)
                    progress.show(done, of: total, part.name)
                }
            }
            if !place.isEmpty { try new.sync("\(new.partial)/\(place)") }
        }
        if layout.metadata != nil { try new.copy(StoreMetadata.fileName, from: layout.directory) }
    }
}
