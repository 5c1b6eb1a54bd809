import ArgumentParser
import Bitcask
import Foundation
import ShardedStore

/// `godwit store`: what an operator does with a data directory that no server has open.
struct StoreCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "store", abstract: "Look after a store on disk: check, stat, dump, backup, restore, compact.",
        discussion: """
            DIR is a server's data directory, the store in it, or a single Bitcask directory. It must not be in use, but for backup; a process \
            that has it is named. Exit codes: 0 when all is well, 1 when it could not be done, 2 when damage was found.
            """,
        subcommands: [
            StoreCheckCommand.self, StoreStatCommand.self, StoreDumpCommand.self, StoreBackupCommand.self,
            StoreRestoreCommand.self, StoreCompactCommand.self,
        ])

    /// Exit code when what is on disk is damaged.
    static let damaged = ExitCode(2)
}

/// Why a store was left alone.
enum StoreToolError: Error, CustomStringConvertible {
    case noDirectory(String)
    case notAStore(String)
    case missingShard(String, of: Int)
    case exists(String)
    case damagedBackup(String)
    case copy(String, errno: Int32)

    var description: String {
        switch self {
        case .noDirectory(let path): "\(path): no such directory"
        case .notAStore(let path):
            "\(path) is no store: it has neither store.meta nor data files; give the server's data directory or the store in it"
        case .missingShard(let path, let count):
            "\(path) is missing, one of \(count) shards; restore the store from a backup"
        case .exists(let path): "\(path) is there already and not empty; choose a new directory"
        case .damagedBackup(let path):
            "\(path) is damaged, so nothing was restored; take another backup, or --force to have what is sound"
        case .copy(let path, let errno): "\(path): \(String(cString: strerror(errno)))"
        }
    }
}

extension ParsableCommand {
    /// Runs `body` and turns what a store refuses into an error for people.
    func refusing(_ body: () throws -> Void) throws {
        do {
            try body()
        } catch let error as BitcaskError {
            throw Failure(error)
        } catch let error as StoreError {
            throw Failure(error)
        } catch let error as StoreToolError {
            throw Failure(error)
        } catch let error as RunningStore.Failure {
            throw Failure(error)
        }
    }
}
