import Foundation

/// The lines of standard input, read on a thread of their own because reading may wait for ever. A line over the limit
/// is given as nil.
enum InputLines {
    /// A text of 64 KiB with every byte escaped, and its fields.
    static let maximumLineBytes = 1 << 20
    /// Lines read and not yet acted upon.
    private static let maximumWaiting = 100_000

    static func standardInput() -> AsyncStream<String?> {
        let (stream, sink) = AsyncStream.makeStream(
            of: String?.self, bufferingPolicy: .bufferingOldest(maximumWaiting))
        let thread = Thread {
            var splitter = LineSplitter(limit: maximumLineBytes)
            var chunk = [UInt8](repeating: 0, count: 64 << 10)
            while true {
                let count = read(STDIN_FILENO, &chunk, chunk.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                for line in splitter.receive(chunk[..<count]) {
                    // A full queue makes the writer at the other end of the pipe wait.
                    while case .dropped = sink.yield(line) { usleep(1_000) }
                }
            }
            for line in splitter.end() { sink.yield(line) }
            sink.finish()
        }
        thread.start()
        return stream
    }
}

/// Cuts bytes into lines. Pure.
struct LineSplitter {
    private let limit: Int
    private var partial: [UInt8] = []
    private var isOverlong = false

    init(limit: Int) { self.limit = limit }

    /// The lines that end in these bytes; nil for one that was over the limit.
    mutating func receive(_ bytes: some Collection<UInt8>) -> [String?] {
        var lines: [String?] = []
        var rest = bytes[...]
        while let newline = rest.firstIndex(of: UInt8(ascii: "\n")) {
            append(rest[..<newline])
            lines.append(take())
            rest = rest[rest.index(after: newline)...]
        }
        append(rest)
        return lines
    }

    /// What stands behind the last newline, if anything does.
    mutating func end() -> [String?] { partial.isEmpty && !isOverlong ? [] : [take()] }

    private mutating func append(_ bytes: some Collection<UInt8>) {
        guard !isOverlong else { return }
        partial.append(contentsOf: bytes)
        if partial.count > limit {
            isOverlong = true
            partial.removeAll()
        }
    }

    private mutating func take() -> String? {
        defer {
            partial.removeAll(keepingCapacity: true)
            isOverlong = false
        }
        guard !isOverlong else { return nil }
        if partial.last == UInt8(ascii: "\r") { partial.removeLast() }
        return String(decoding: partial, as: UTF8.self)
    }
}
