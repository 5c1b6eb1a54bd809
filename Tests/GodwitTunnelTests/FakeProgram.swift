import GodwitWire
import NIOCore

@testable import GodwitTunnel

/// A program at the end of a tunnel: it has bytes to say, reads at its own pace and notes what it was told.
final class FakeProgram: TunnelSocket {
    let tunnel: UInt64
    let table: TunnelTable
    /// What it will say, and how much of that the table has read.
    private let script: [UInt8]
    private(set) var said = 0
    private(set) var hasEnded = false
    /// Writes that it has not taken yet.
    private(set) var untaken: [ByteBuffer] = []
    private(set) var heard: [UInt8] = []
    private(set) var sawEnd = false
    private(set) var abortedBy: TunnelReset?
    private(set) var isFinished = false
    private(set) var mostUntaken = 0

    init(tunnel: UInt64, table: TunnelTable, script: [UInt8]) {
        self.tunnel = tunnel
        self.table = table
        self.script = script
    }

    var isOpen: Bool { abortedBy == nil && !isFinished }
    var isDone: Bool { said == script.count && hasEnded && untaken.isEmpty }
    /// What it said so far.
    var spoken: ArraySlice<UInt8> { script[..<said] }

    /// Says up to `count` bytes if the table wants any, and then ends.
    func say(_ count: Int, now: NIODeadline) {
        guard isOpen, !hasEnded else { return }
        if said < script.count {
            guard table.wantsRead(tunnel) else { return }
            let end = min(said + count, script.count)
            let bytes = ByteBuffer(bytes: script[said..<end])
            said = end
            table.read(bytes, from: tunnel, now: now)
        } else {
            hasEnded = true
            table.readEnded(tunnel)
        }
    }

    /// Takes one of the writes.
    func take(now: NIODeadline) {
        guard isOpen, !untaken.isEmpty else { return }
        let bytes = untaken.removeFirst()
        heard += bytes.readableBytesView
        table.wrote(bytes.readableBytes, to: tunnel, now: now)
    }

    /// Its process dies.
    func die() {
        guard isOpen else { return }
        abortedBy = .broken
        table.lost(tunnel)
    }

    func perform(_ action: TunnelStream.Action) {
        switch action {
        case .write(let bytes):
            untaken.append(bytes)
            mostUntaken = max(mostUntaken, untaken.reduce(0) { $0 + $1.readableBytes })
        case .finishWriting: sawEnd = true
        case .abort(let reason): if abortedBy == nil { abortedBy = reason }
        }
    }

    func readIfWanted() {}

    func finish() { isFinished = true }
}
