import Bitcask
import Foundation

/// A store that is opened on a newest log of any bytes: it opens, tells what is damaged, and what it then holds can be read,
/// closed and read again.
enum StoreUnderFuzz {
    private static let directory: String = {
        let shared = "/dev/shm"
        let room = FileManager.default.isWritableFile(atPath: shared) ? shared : NSTemporaryDirectory()
        return "\(room)/godwit-fuzz-\(ProcessInfo.processInfo.processIdentifier)"
    }()

    static func log(_ bytes: [UInt8]) {
        defer { try? FileManager.default.removeItem(atPath: directory) }
        try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
        let file = Data(DecoderChecks.log(bytes))
        guard (try? file.write(to: URL(filePath: "\(directory)/0000000001.data"))) != nil else { return }
        _ = try? Bitcask.verify(directory: directory)
        guard let first = contents(write: true) else { return }
        let second = contents(write: false)
        precondition(second == first, "\(first.count) entries became \(String(describing: second?.count))")
    }

    /// Nil when the store cannot be opened or an entry be read.
    private static func contents(write: Bool) -> [Bitcask.Entry]? {
        var options = BitcaskOptions()
        options.maintainsInBackground = false
        options.clock = { 1 << 40 }
        guard let store = try? Bitcask(directory: directory, options: options) else { return nil }
        defer { try? store.close() }
        guard write else { return try? store.scan(prefix: []) }
        do {
            try store.put([0xff, 0xfe], [1, 2, 3])
            let before = try? store.scan(prefix: [])
            try store.merge(everything: true)
            let after = try? store.scan(prefix: [])
            precondition(before == after, "a merge changed what the store holds")
            return after
        } catch {
            return try? store.scan(prefix: [])
        }
    }
}
