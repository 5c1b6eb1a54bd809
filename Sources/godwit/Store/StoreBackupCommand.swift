import ArgumentParser
import Bitcask
import Foundation
import ShardedStore

/// `godwit store backup`: a complete copy that takes no room, of a running server's store too.
struct StoreBackupCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "backup", abstract: "Make a complete, consistent copy of a store.",
        discussion: """
            On the same file system it takes no room and hardly any time: data files do not change, so the copy is a second name for each. \
            Against a lost disk, copy it to another machine. Use it through `godwit store restore`, never in place. The backup is \
            complete or has the name TARGET.partial. When a server has the store open, it makes the backup itself while it works: TARGET is \
            then made with the server's rights, and must be where it may write.
            """)

    @Argument(help: ArgumentHelp("The store.", valueName: "DIR"))
    var directory: String
    @Argument(help: ArgumentHelp("Where the backup goes; must not exist.", valueName: "TARGET"))
    var target: String

    func run() throws {
        try refusing {
            let target = URL(fileURLWithPath: target).standardizedFileURL.path
            do {
                try backup(try StoreLayout(directory), to: target)
            } catch BitcaskError.locked(let path, let pid) {
                let held = URL(fileURLWithPath: path).deletingLastPathComponent().path
                do {
                    try backupByServer(held, to: target)
                } catch RunningStore.Failure.notListening {
                    throw BitcaskError.locked(path: path, pid: pid)
                }
            }
            let bytes = try StoreLayout(target).bytes
            print("\(target): \(StoreProgress.bytes(bytes)); `godwit store check \(target)` reads it again")
        }
    }

    private func backup(_ layout: StoreLayout, to target: String) throws {
        guard layout.metadata != nil else { return try backup(layout, part: 0, to: target) }
        let new = try NewDirectory(target)
        for (index, part) in layout.parts.enumerated() {
            try backup(layout, part: index, to: "\(new.partial)/\(part.name)")
        }
        try new.copy(StoreMetadata.fileName, from: layout.directory)
        try new.complete()
    }

    private func backupByServer(_ directory: String, to target: String) throws {
        let progress = StoreProgress("backup by the running server")
        try RunningStore.backup(directory, to: target) { told in
            progress.show(
                UInt64(max(told.files, 0)), of: UInt64(max(told.fileCount, 0)),
                "shard \(told.shard + 1) of \(told.shardCount)", unit: "files")
        }
    }

    private func backup(_ layout: StoreLayout, part index: Int, to target: String) throws {
        let part = layout.parts[index]
        let progress = StoreProgress("backup \(index + 1)/\(layout.parts.count) \(part.name)")
        let store = try layout.open(part)
        try store.backup(to: target) { done, total in progress.show(UInt64(done), of: UInt64(total), unit: "files") }
        try store.close()
    }
}
