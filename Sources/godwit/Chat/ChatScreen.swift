/// Draws a conversation that scrolls, a status line and the line being typed below it. Without a terminal it prints
/// plain lines.
///
/// The two bottom rows are erased before anything is printed and drawn again after it, in one write, so that an incoming
/// message never tears the line being typed.
struct ChatScreen {
    private let isInteractive: Bool
    private var columns: Int
    private var rows: Int
    private var transcript = Transcript()
    private var isFooterDrawn = false
    /// The status line's text, without colours.
    var status = ""
    var isStatusGood = true
    /// What stands before the typed line, which is not shown then; nil for a normal line.
    var secretPrompt: String?

    init(isInteractive: Bool) {
        self.isInteractive = isInteractive
        (columns, rows) = Terminal.size()
    }

    /// Prints a line; `id` lets it be rewritten later.
    mutating func print(_ line: String, plain: String? = nil, id: String = "", editor: LineEditor) {
        guard isInteractive else { return Terminal.write((plain ?? line) + "\n") }
        let rowCount = max(1, (Self.width(of: line) + columns - 1) / columns)
        transcript.append(id: id, rows: rowCount)
        Terminal.write(eraseFooter() + line + "\n" + footer(editor))
        isFooterDrawn = true
    }

    /// Prints a line over the one of the same id; a line that has left the screen stays as it is.
    mutating func rewrite(_ line: String, id: String, editor: LineEditor) {
        guard isInteractive, isFooterDrawn, let place = transcript.find(id, within: rows - 2) else { return }
        guard max(1, (Self.width(of: line) + columns - 1) / columns) == place.rows else { return }
        var text = eraseFooter() + "\u{1b}[\(place.up)A\r\u{1b}[2K" + line
        // The cursor is on the line's last row now.
        let down = place.up - place.rows + 1
        text += "\u{1b}[\(down)B\r" + footer(editor)
        Terminal.write(text)
    }

    mutating func drawFooter(editor: LineEditor) {
        guard isInteractive else { return }
        Terminal.write(eraseFooter() + footer(editor))
        isFooterDrawn = true
    }

    mutating func eraseForExit() {
        guard isInteractive else { return }
        Terminal.write(eraseFooter())
        isFooterDrawn = false
    }

    /// The terminal has another size: rows wrap differently, so earlier lines stay as they are.
    mutating func resize() {
        (columns, rows) = Terminal.size()
        transcript.forget()
    }

    mutating func clear(editor: LineEditor) {
        guard isInteractive else { return }
        transcript.forget()
        Terminal.write("\u{1b}[2J\u{1b}[H" + footer(editor))
        isFooterDrawn = true
    }

    /// From the typed line back to the start of the status line, and everything below it erased.
    private func eraseFooter() -> String { isFooterDrawn ? "\r\u{1b}[1A\u{1b}[J" : "\r\u{1b}[J" }

    private func footer(_ editor: LineEditor) -> String {
        let prompt = secretPrompt ?? "> "
        // One column stays free: a character in the last one would wrap on some terminals.
        let room = columns - 1
        let (text, cursorColumn) = secretPrompt == nil ? editor.window(columns: room - prompt.count) : ("", 0)
        let bar = Self.cut(status, to: room)
        return (isStatusGood ? Ink.dim(bar) : Ink.yellow(bar)) + "\n" + Ink.bold(prompt) + text
            + "\r\u{1b}[\(prompt.count + cursorColumn)C"
    }

    /// As much of a text as fits.
    static func cut(_ text: String, to columns: Int) -> String {
        var used = 0
        var result = ""
        for character in text {
            used += DisplayWidth.of(character)
            if used > columns { break }
            result.append(character)
        }
        return result
    }

    /// The columns of a text with colours in it.
    static func width(of text: String) -> Int {
        var width = 0
        var isEscape = false
        for character in text {
            if isEscape {
                isEscape = character != "m"
            } else if character == "\u{1b}" {
                isEscape = true
            } else {
                width += DisplayWidth.of(character)
            }
        }
        return width
    }
}
