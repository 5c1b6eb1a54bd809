/// Colours and emphasis of the terminal (ECMA-48, "select graphic rendition").
enum Ink: String {
    case dim = "2"
    case bold = "1"
    case red = "31"
    case green = "32"
    case yellow = "33"
    case cyan = "36"
    case reverse = "7"

    func callAsFunction(_ text: String) -> String { "\u{1b}[\(rawValue)m\(text)\u{1b}[0m" }

    /// Text of others, made harmless: control characters would move our cursor or worse.
    static func safe(_ text: String) -> String {
        String(
            String.UnicodeScalarView(
                text.unicodeScalars.map { scalar in
                    let isControl = scalar.value < 0x20 || (0x7f...0x9f).contains(scalar.value)
                    let isOverride =
                        (0x202a...0x202e).contains(scalar.value) || (0x2066...0x2069).contains(scalar.value)
                    return isControl || isOverride ? " " : scalar
                }))
    }
}
