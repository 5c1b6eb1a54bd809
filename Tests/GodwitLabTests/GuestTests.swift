import Testing

@testable import GodwitLab

@Suite("Guests")
struct GuestTests {
    private let cells = (1...4).map {
        Cell(profile: "4g", scenario: "chat", peer: "godwit", run: $0, seed: 1, seconds: 60, cpu: .light)
    }

    @Test("progress lines are understood, all others are the guest's own words")
    func lines() {
        #expect(GuestLine(#"{"progress":"start","id":"a#1","text":""}"#) == .start(cell: "a#1"))
        #expect(GuestLine(#"{"progress":"done","id":"a#1","text":"ok"}"#) == .done(cell: "a#1", text: "ok"))
        #expect(GuestLine(#"{"progress":"step","id":"a#1"}"#) == .step(cell: "a#1", text: ""))
        #expect(GuestLine("lab: no such thing") == .other("lab: no such thing"))
        #expect(GuestLine(#"{"progress":"nap","id":"a"}"#) == .other(#"{"progress":"nap","id":"a"}"#))
    }

    @Test("a guest that dies costs the cells that it had begun; the others are left for the next guest")
    func death() {
        var lane = LaneState(cells)
        lane.guestStarts()
        for line: GuestLine in [
            .start(cell: cells[0].id), .start(cell: cells[1].id), .done(cell: cells[0].id, text: "ok"),
        ] {
            lane.take(line)
        }
        let failures = lane.guestEnded(status: "exited(125)", lastWords: "panic")
        #expect(failures == [.init(cell: cells[1], reason: "its guest ended in the middle of it (exited(125): panic)")])
        #expect(lane.waiting == Array(cells[2...]))
    }

    @Test("a guest that begins nothing ends its lane")
    func unable() {
        var lane = LaneState(cells)
        lane.guestStarts()
        #expect(lane.guestEnded(status: "exited(2)", lastWords: "").map(\.cell) == cells)
        #expect(lane.waiting.isEmpty)
    }

    @Test("the time left follows how right the estimates were")
    func timeLeft() {
        var progress = RunProgress(Lanes(cells, lanes: 1, parallel: 2))
        #expect(progress.secondsLeft(now: 0) == 120)
        progress.take(.start(cell: cells[0].id), now: 0)
        progress.take(.done(cell: cells[0].id, text: "ok"), now: 30)
        // Three cells of 60 s are left, which seem to take 30 s, two at a time.
        #expect(progress.secondsLeft(now: 30) == 45)
        for cell in cells.dropFirst() { progress.take(.done(cell: cell.id, text: "ok"), now: 40) }
        #expect(progress.done == 4 && progress.secondsLeft(now: 40) == 0)
    }

    @Test("the line shows what runs, counts what failed, and fits the terminal")
    func line() {
        var progress = RunProgress(Lanes(cells, lanes: 1, parallel: 2))
        progress.take(.start(cell: cells[0].id), now: 0)
        progress.take(.step(cell: cells[0].id, text: "3 of 9 sent"), now: 1)
        progress.take(.start(cell: cells[1].id), now: 1)
        progress.lost(cells[1].id, now: 2)
        let line = progress.line(columns: 200, now: 2)
        #expect(line.contains("1/4 cells, 1 failed") && line.contains("4g/chat/godwit (3 of 9 sent)"))
        #expect(progress.line(columns: 30, now: 2).count == 30)
        #expect([5, 100, 3_900].map { RunProgress.duration($0) } == ["5 s", "2 min", "1 h 5 min"])
    }
}
