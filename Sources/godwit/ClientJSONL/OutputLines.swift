import Foundation

/// Writes whole lines to standard output, in order, on a task of its own, so that a slow reader never holds up the
/// network.
final class OutputLines: Sendable {
    /// Lines waiting for the reader; beyond this the process ends rather than lose one silently.
    private static let maximumWaiting = 1_000_000

    private let sink: AsyncStream<String>.Continuation
    private let writer: Task<Void, Never>

    init() {
        let (stream, sink) = AsyncStream.makeStream(
            of: String.self, bufferingPolicy: .bufferingOldest(Self.maximumWaiting))
        self.sink = sink
        writer = Task {
            for await line in stream where !Self.write(line) { exit(EXIT_FAILURE) }
        }
    }

    func write(_ line: JSONLine) {
        if case .dropped = sink.yield(line.line) {
            try? FileHandle.standardError.write(contentsOf: Data("godwit: nobody reads the output\n".utf8))
            exit(EXIT_FAILURE)
        }
    }

    /// Waits until everything is written.
    func finish() async {
        sink.finish()
        await writer.value
    }

    private static func write(_ line: String) -> Bool {
        var line = line
        return line.withUTF8 { bytes in
            var rest = UnsafeRawBufferPointer(bytes)
            while !rest.isEmpty {
                let written = Foundation.write(STDOUT_FILENO, rest.baseAddress, rest.count)
                if written < 0 {
                    if errno == EINTR { continue }
                    return false
                }
                rest = UnsafeRawBufferPointer(rebasing: rest[written...])
            }
            return true
        }
    }
}
