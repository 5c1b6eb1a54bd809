import Foundation
import GodwitClient
import IMClient

/// Everything that can happen to a chat, in one stream with one reader.
enum ChatInput: Sendable {
    case bytes([UInt8])
    case endOfInput
    case client(IMClientEvent)
    /// Once a second: how the connection stands, and what waits.
    case tick(ConnectionStatus, queued: Int)
    case resized
    case terminated
}

/// The sources of a chat's inputs that are not the client.
enum ChatSources {
    /// The terminal's bytes, on a thread of their own because reading may wait for ever.
    static func readInput(into sink: AsyncStream<ChatInput>.Continuation) {
        let thread = Thread {
            var chunk = [UInt8](repeating: 0, count: 4_096)
            while true {
                let count = read(STDIN_FILENO, &chunk, chunk.count)
                if count < 0, errno == EINTR { continue }
                guard count > 0 else { break }
                sink.yield(.bytes(Array(chunk[..<count])))
            }
            sink.yield(.endOfInput)
        }
        thread.start()
    }

    /// Keep what is returned for as long as the signals are wanted.
    static func watchSignals(into sink: AsyncStream<ChatInput>.Continuation) -> [any DispatchSourceSignal] {
        [(SIGWINCH, ChatInput.resized), (SIGTERM, .terminated), (SIGHUP, .terminated), (SIGINT, .terminated)].map {
            number, input in
            signal(number, SIG_IGN)
            let source = DispatchSource.makeSignalSource(signal: number, queue: .global())
            source.setEventHandler { sink.yield(input) }
            source.resume()
            return source
        }
    }
}
