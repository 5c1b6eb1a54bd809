/// How many columns a terminal gives to a character.
enum DisplayWidth {
    /// 0, 1 or 2 columns.
    static func of(_ character: Character) -> Int {
        guard let first = character.unicodeScalars.first else { return 0 }
        // Most text.
        if (0x20..<0x7f).contains(first.value) { return 1 }
        if first.value < 0x20 || (0x7f..<0xa0).contains(first.value) { return 0 }
        switch first.properties.generalCategory {
        case .nonspacingMark, .enclosingMark, .format: return 0
        default: break
        }
        // Variation selector 16 asks for the coloured form, which is wide.
        if character.unicodeScalars.contains(where: { $0.value == 0xfe0f }) { return 2 }
        return isWide(first.value) ? 2 : 1
    }

    static func of(_ text: some StringProtocol) -> Int {
        text.reduce(0) { $0 + of($1) }
    }

    /// The ranges of Unicode's EastAsianWidth.txt with the property W or F, in blocks.
    private static let wide: [ClosedRange<UInt32>] = [
        0x1100...0x115f, 0x231a...0x231b, 0x2329...0x232a, 0x23e9...0x23ec, 0x25fd...0x25fe, 0x2614...0x2615,
        0x2648...0x2653, 0x26aa...0x26ab, 0x26bd...0x26be, 0x26c4...0x26c5, 0x2705...0x2705, 0x270a...0x270b,
        0x2728...0x2728, 0x274c...0x274c, 0x2753...0x2755, 0x2795...0x2797, 0x2b1b...0x2b1c, 0x2b50...0x2b50,
        0x2e80...0x303e, 0x3041...0x33ff, 0x3400...0x4dbf, 0x4e00...0x9fff, 0xa000...0xa4cf, 0xa960...0xa97f,
        0xac00...0xd7a3, 0xf900...0xfaff, 0xfe10...0xfe19, 0xfe30...0xfe6f, 0xff00...0xff60, 0xffe0...0xffe6,
        0x1_f004...0x1_f004, 0x1_f18e...0x1_f19a, 0x1_f1e6...0x1_f202, 0x1_f210...0x1_f64f, 0x1_f680...0x1_f6ff,
        0x1_f900...0x1_f9ff, 0x1_fa70...0x1_faff, 0x2_0000...0x3_fffd,
    ]

    private static func isWide(_ value: UInt32) -> Bool {
        var low = 0
        var high = wide.count
        while low < high {
            let middle = (low + high) / 2
            if wide[middle].upperBound < value { low = middle + 1 } else { high = middle }
        }
        return low < wide.count && wide[low].contains(value)
    }
}
