/// The line being typed: editing, and the lines typed before. Pure; drawing is for the screen.
struct LineEditor {
    enum Outcome: Equatable {
        case none
        case changed
        case submitted(String)
        /// Control-D on an empty line.
        case ended
        /// Control-C.
        case interrupted
        /// Control-L.
        case redraw
    }

    static let maximumHistory = 500
    /// A text of 64 KiB is the protocol's limit; nobody types that.
    static let maximumCharacters = 16_384

    private(set) var characters: [Character] = []
    /// Where the next character goes, 0...count.
    private(set) var cursor = 0
    private var history: [String] = []
    /// Which line of the history is shown; `history.count` is the new one.
    private var place = 0
    private var draft: [Character] = []

    var text: String { String(characters) }
    var isEmpty: Bool { characters.isEmpty }

    mutating func apply(_ key: Key) -> Outcome {
        switch key {
        case .text(let character): return insert(character)
        case .enter: return submit()
        case .backspace: return remove(at: cursor - 1, thenMoveTo: cursor - 1)
        case .delete: return remove(at: cursor, thenMoveTo: cursor)
        case .left: return move(to: cursor - 1)
        case .right: return move(to: cursor + 1)
        case .home, .control("a"): return move(to: 0)
        case .end, .control("e"): return move(to: characters.count)
        case .up: return recall(place - 1)
        case .down: return recall(place + 1)
        case .control("c"): return .interrupted
        case .control("d"): return isEmpty ? .ended : remove(at: cursor, thenMoveTo: cursor)
        case .control("k"): return replace(Array(characters[..<cursor]), cursor: cursor)
        case .control("l"): return .redraw
        case .control("u"): return replace(Array(characters[cursor...]), cursor: 0)
        case .control("w"): return removeWord()
        case .tab, .control: return .none
        }
    }

    /// Forgets what was typed.
    mutating func clear() {
        characters = []
        cursor = 0
        place = history.count
    }

    private mutating func insert(_ character: Character) -> Outcome {
        guard characters.count < Self.maximumCharacters else { return .none }
        // A mark or a joined part belongs to the character before it.
        if cursor > 0 {
            let joined = String(characters[cursor - 1]) + String(character)
            if joined.count == 1, let one = joined.first {
                characters[cursor - 1] = one
                return .changed
            }
        }
        characters.insert(character, at: cursor)
        cursor += 1
        return .changed
    }

    private mutating func submit() -> Outcome {
        let line = text
        if !line.isEmpty, history.last != line {
            history.append(line)
            if history.count > Self.maximumHistory { history.removeFirst() }
        }
        clear()
        return .submitted(line)
    }

    private mutating func remove(at index: Int, thenMoveTo next: Int) -> Outcome {
        guard characters.indices.contains(index) else { return .none }
        characters.remove(at: index)
        cursor = next
        return .changed
    }

    private mutating func move(to index: Int) -> Outcome {
        guard (0...characters.count).contains(index), index != cursor else { return .none }
        cursor = index
        return .changed
    }

    private mutating func replace(_ new: [Character], cursor newCursor: Int) -> Outcome {
        characters = new
        cursor = newCursor
        return .changed
    }

    private mutating func removeWord() -> Outcome {
        var start = cursor
        while start > 0, characters[start - 1].isWhitespace { start -= 1 }
        while start > 0, !characters[start - 1].isWhitespace { start -= 1 }
        characters.removeSubrange(start..<cursor)
        cursor = start
        return .changed
    }

    private mutating func recall(_ wanted: Int) -> Outcome {
        guard (0...history.count).contains(wanted), wanted != place else { return .none }
        if place == history.count { draft = characters }
        place = wanted
        characters = wanted == history.count ? draft : Array(history[wanted])
        cursor = characters.count
        return .changed
    }

    // MARK: What is seen

    /// The part of the line that fits into `columns`, and the cursor's column in it. A long line scrolls sideways.
    func window(columns: Int) -> (text: String, cursorColumn: Int) {
        let columns = max(columns, 2)
        let widths = characters.map { DisplayWidth.of($0) }
        // From the cursor backwards, as much as fits with room for the cursor itself.
        var start = cursor
        var before = 0
        while start > 0, before + widths[start - 1] <= columns - 1 {
            start -= 1
            before += widths[start]
        }
        var end = cursor
        var used = before
        while end < characters.count, used + widths[end] <= columns {
            used += widths[end]
            end += 1
        }
        return (String(characters[start..<end]), before)
    }
}
