import Testing

@testable import godwit

@Suite("The line being typed")
struct LineEditorTests {
    /// Types bytes as a terminal sends them.
    private static func type(_ text: String, into editor: inout LineEditor) -> [LineEditor.Outcome] {
        var decoder = KeyDecoder()
        return decoder.receive(Array(text.utf8)).map { editor.apply($0) }
    }

    private static let left = "\u{1b}[D"
    private static let up = "\u{1b}[A"
    private static let down = "\u{1b}[B"

    @Test("text goes in at the cursor")
    func insertion() {
        var editor = LineEditor()
        _ = Self.type("helo" + Self.left + "l", into: &editor)
        #expect(editor.text == "hello")
        #expect(editor.cursor == 4)
    }

    @Test("backspace removes a whole character, whatever its bytes")
    func backspace() {
        var editor = LineEditor()
        _ = Self.type("a你👩‍👩‍👧e\u{301}", into: &editor)
        #expect(editor.characters.count == 4)
        for expected in ["a你👩‍👩‍👧", "a你", "a", "", ""] {
            _ = Self.type("\u{7f}", into: &editor)
            #expect(editor.text == expected)
        }
    }

    @Test("enter submits and empties the line")
    func submission() {
        var editor = LineEditor()
        #expect(Self.type("hi\r", into: &editor).last == .submitted("hi"))
        #expect(editor.isEmpty)
    }

    @Test("up and down walk through earlier lines and come back to the draft")
    func history() {
        var editor = LineEditor()
        _ = Self.type("one\rtwo\rdraft", into: &editor)
        _ = Self.type(Self.up, into: &editor)
        #expect(editor.text == "two")
        _ = Self.type(Self.up + Self.up, into: &editor)
        #expect(editor.text == "one")
        _ = Self.type(Self.down + Self.down, into: &editor)
        #expect(editor.text == "draft")
    }

    @Test("words and line ends are cut as in a shell")
    func cutting() {
        var editor = LineEditor()
        _ = Self.type("one two three\u{17}", into: &editor)
        #expect(editor.text == "one two ")
        _ = Self.type("\u{01}\u{0b}", into: &editor)
        #expect(editor.isEmpty)
    }

    @Test("control-D ends an empty line only, control-C is told")
    func ending() {
        var editor = LineEditor()
        #expect(Self.type("\u{04}", into: &editor) == [.ended])
        #expect(Self.type("x\u{04}", into: &editor).last == LineEditor.Outcome.none)
        #expect(Self.type("\u{03}", into: &editor) == [.interrupted])
    }

    @Test("the window follows the cursor and counts wide characters as two columns", arguments: 0...12)
    func window(cursor: Int) {
        var editor = LineEditor()
        _ = Self.type("你好吗ab我很好cd谢", into: &editor)
        for _ in 0..<(editor.characters.count - min(cursor, editor.characters.count)) {
            _ = Self.type(Self.left, into: &editor)
        }
        let (text, column) = editor.window(columns: 9)
        #expect(DisplayWidth.of(text) <= 9)
        #expect((0..<9).contains(column))
    }

    @Test("sequences that come byte by byte give the same keys")
    func pieces() {
        let text = "h你\u{1b}[D\u{1b}[3~\u{1b}OH\u{7f}\r👋"
        var whole = KeyDecoder()
        let expected = whole.receive(Array(text.utf8))
        var split = KeyDecoder()
        let keys = text.utf8.flatMap { split.receive([$0]) }
        #expect(keys == expected)
        #expect(expected.contains(.delete))
        #expect(expected.contains(.home))
    }

    @Test("no bytes whatever make the editor stumble", arguments: 1...100 as ClosedRange<UInt64>)
    func garbage(seed: UInt64) {
        var state = seed
        var editor = LineEditor()
        var decoder = KeyDecoder()
        for _ in 0..<500 {
            state = state &* 6_364_136_223_846_793_005 &+ 1_442_695_040_888_963_407
            for key in decoder.receive([UInt8(truncatingIfNeeded: state >> 40)]) { _ = editor.apply(key) }
            #expect((0...editor.characters.count).contains(editor.cursor), "seed \(seed)")
            _ = editor.window(columns: Int(state >> 60))
        }
    }

    @Test(
        "widths of what people type",
        arguments: [("a", 1), ("é", 1), ("你", 2), ("，", 2), ("👋", 2), ("e\u{301}", 1), ("ｱ", 1)])
    func widths(text: String, columns: Int) {
        #expect(DisplayWidth.of(text) == columns)
    }
}

@Suite("What a chat line asks for")
struct ChatOrderTests {
    @Test(
        "orders and texts",
        arguments: [
            ("hello", ChatOrder.say("hello")), ("/to bo", .to("bo")), ("/to", .to(nil)), ("//x", .say("/x")),
            ("/history", .history(20)), ("/history 5", .history(5)), ("/history x", .unknown("/history x")),
            ("/quit", .quit), ("/help", .help), ("/status", .status), ("", .nothing), ("  ", .nothing),
            ("/frob", .unknown("/frob")),
        ])
    func orders(line: String, order: ChatOrder) {
        #expect(ChatOrder(line: line) == order)
    }

    @Test("a printed line is found while it is on the screen and not after")
    func transcript() {
        var transcript = Transcript()
        transcript.append(id: "a", rows: 2)
        transcript.append(id: "b", rows: 1)
        #expect(transcript.find("a", within: 10).map { [$0.up, $0.rows] } == [3, 2])
        #expect(transcript.find("a", within: 2) == nil)
        transcript.forget()
        #expect(transcript.find("b", within: 10) == nil)
    }

    @Test("control characters in others' texts do not reach the terminal")
    func safety() {
        #expect(Ink.safe("a\u{1b}[2Jb\u{9b}c\u{202e}d\n") == "a [2Jb c d ")
    }
}
