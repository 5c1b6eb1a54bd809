import GodwitWire
import NIOCore
import Testing

@testable import GodwitTunnel

@Suite("The tunnels of a session")
struct TunnelTableTests {
    private let now = NIODeadline.uptimeNanoseconds(5_000_000_000)
    private let empty = TunnelTable.Backlog(messages: 0, bytes: 0)

    private func table(_ script: [UInt8] = [1, 2, 3], isAccepted: Bool = true) -> (TunnelTable, FakeProgram) {
        let table = TunnelTable(maximumWindow: 1 << 18) { _, _ in }
        let program = FakeProgram(tunnel: 7, table: table, script: script)
        table.add(7, socket: program, isAccepted: isAccepted, now: now)
        return (table, program)
    }

    @Test("before the edge has answered, frames of that number are an older tunnel's and ignored; its own go out")
    func notAccepted() {
        let (table, program) = table(isAccepted: false)
        table.receive(TunnelFrame(tunnel: 7, .data(ByteBuffer(string: "old"))), now: now)
        #expect(program.untaken.isEmpty)
        program.say(9, now: now)
        #expect(table.nextFrame(backlog: empty, now: now)?.content == .data(ByteBuffer(bytes: [1, 2, 3])))
        #expect(table.accepted(7))
        table.receive(TunnelFrame(tunnel: 7, .data(ByteBuffer(string: "new"))), now: now)
        #expect(program.untaken == [ByteBuffer(string: "new")])
    }

    @Test("a lost session breaks the tunnels that the edge had accepted, and only them, without a frame")
    func sessionLost() {
        let (table, program) = table()
        let waiting = FakeProgram(tunnel: 8, table: table, script: [])
        table.add(8, socket: waiting, isAccepted: false, now: now)
        table.dropAccepted(.sessionLost)
        #expect(program.abortedBy == .sessionLost && waiting.isOpen && table.count == 1)
        #expect(table.nextFrame(backlog: empty, now: now) == nil)
    }

    @Test("a full session queue takes nothing, a slow one only what carries no stream")
    func backlog() {
        let (table, program) = table()
        program.say(9, now: now)
        let full = TunnelTable.Backlog(messages: TunnelLimits.backlogMessages, bytes: 0)
        #expect(table.nextFrame(backlog: full, now: now) == nil)
        let slow = TunnelTable.Backlog(messages: 3, bytes: 64 << 10)
        #expect(table.nextFrame(backlog: slow, now: now) == nil)
        let ended = FakeProgram(tunnel: 9, table: table, script: [])
        table.add(9, socket: ended, isAccepted: true, now: now)
        ended.say(0, now: now)
        #expect(table.nextFrame(backlog: slow, now: now) == TunnelFrame(tunnel: 9, .finish))
        #expect(table.nextFrame(backlog: empty, now: now)?.tunnel == 7)
    }

    @Test("only tunnels on which nothing moved are reset as idle, at both ends")
    func idle() {
        let (table, program) = table()
        let busy = FakeProgram(tunnel: 8, table: table, script: [1])
        table.add(8, socket: busy, isAccepted: true, now: now)
        busy.say(1, now: now + .seconds(10))
        table.resetIdle(since: now + .seconds(5))
        #expect(program.abortedBy == .idle && busy.isOpen)
        var frames: [TunnelFrame] = []
        while let frame = table.nextFrame(backlog: empty, now: now) { frames.append(frame) }
        #expect(frames.contains(TunnelFrame(tunnel: 7, .reset(.idle))))
        #expect(table.count == 1)
    }

    @Test("tunnels take turns, a frame each")
    func turns() {
        let (table, program) = table([UInt8](repeating: 1, count: 50_000))
        let other = FakeProgram(tunnel: 8, table: table, script: [UInt8](repeating: 2, count: 50_000))
        table.add(8, socket: other, isAccepted: true, now: now)
        program.say(50_000, now: now)
        other.say(50_000, now: now)
        let order = (0..<6).compactMap { _ in table.nextFrame(backlog: empty, now: now)?.tunnel }
        #expect(order == [7, 8, 7, 8, 7, 8])
    }
}
