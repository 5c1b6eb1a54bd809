import ArgumentParser
import Bitcask
import Foundation

/// `godwit store dump`: everything as JSON lines.
struct StoreDumpCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "dump", abstract: "Print all keys and values, one JSON object a line, in the order of the keys.",
        discussion: """
            A key or value that is no UTF-8 text is printed in base64, as key_base64 or value_base64. What is damaged is told on \
            standard error and left out, and the exit code is 2.
            """)
    private static let pageKeys = 512
    private static let flushBytes = 256 << 10

    @Argument(help: ArgumentHelp("The store.", valueName: "DIR"))
    var directory: String
    @Option(help: "Only keys that begin with this text.")
    var prefix = ""
    @Flag(help: "Leave the values out.")
    var keysOnly = false

    private struct Line: Encodable {
        var shard: String?
        var key: String?
        var keyBase64: String?
        var value: String?
        var valueBase64: String?

        enum CodingKeys: String, CodingKey {
            case shard, key, value
            case keyBase64 = "key_base64"
            case valueBase64 = "value_base64"
        }
    }

    func run() throws {
        try refusing {
            let layout = try StoreLayout(directory)
            var damaged = 0
            for part in layout.parts {
                let store = try layout.open(part)
                for corruption in store.corruptions { Self.tell("damaged: \(corruption)") }
                damaged += store.corruptions.count
                damaged += try dump(store, shard: layout.parts.count > 1 ? part.name : nil)
                try store.close()
            }
            if damaged > 0 { throw StoreCommand.damaged }
        }
    }

    /// Returns how many values could not be read.
    private func dump(_ store: Bitcask, shard: String?) throws -> Int {
        let encoder = JSONEncoder()
        encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
        var output = Data()
        var damaged = 0
        var last: [UInt8]?
        while true {
            let keys = try store.keys(prefix: Array(prefix.utf8), after: last, limit: Self.pageKeys)
            for key in keys {
                var line = Line(shard: shard)
                (line.key, line.keyBase64) = Self.text(key)
                do throws(BitcaskError) {
                    if !keysOnly {
                        // Nil when it has expired since the page was read.
                        guard let value = try store.get(key) else { continue }
                        (line.value, line.valueBase64) = Self.text(value)
                    }
                } catch {
                    guard case .corruptRecord = error else { throw error }
                    Self.tell("damaged: \(error)")
                    damaged += 1
                    continue
                }
                output += try encoder.encode(line)
                output.append(0x0a)
                if output.count >= Self.flushBytes { Self.flush(&output) }
            }
            last = keys.last
            if keys.count < Self.pageKeys { break }
        }
        Self.flush(&output)
        return damaged
    }

    private static func tell(_ text: String) { FileHandle.standardError.write(Data((text + "\n").utf8)) }

    private static func flush(_ output: inout Data) {
        FileHandle.standardOutput.write(output)
        output.removeAll(keepingCapacity: true)
    }

    private static func text(_ bytes: [UInt8]) -> (text: String?, base64: String?) {
        if let text = String(validating: bytes, as: UTF8.self) { return (text, nil) }
        return (nil, Data(bytes).base64EncodedString())
    }
}
