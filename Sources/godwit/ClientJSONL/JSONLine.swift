/// One line of output, its fields in the order of writing.
struct JSONLine {
    private(set) var text = "{"

    init(event: String) { add("event", event) }

    /// An object inside a line.
    init() {}

    mutating func add(_ name: String, _ value: String?) {
        guard let value else { return }
        begin(name)
        Self.append(value, to: &text)
    }

    mutating func add(_ name: String, _ value: (some BinaryInteger)?) {
        guard let value else { return }
        begin(name)
        text += String(value)
    }

    mutating func add(_ name: String, _ value: Bool) {
        begin(name)
        text += value ? "true" : "false"
    }

    /// A number with at most three decimals.
    mutating func add(_ name: String, _ value: Double?) {
        guard let value, let number = Self.number(value) else { return }
        begin(name)
        text += number
    }

    /// Numbers as above, null for those that are missing.
    mutating func add(_ name: String, _ values: [Double?]) {
        begin(name)
        text += "[" + values.map { $0.flatMap(Self.number) ?? "null" }.joined(separator: ",") + "]"
    }

    private static func number(_ value: Double) -> String? {
        guard value.isFinite, value.magnitude < 1e15 else { return nil }
        let thousandths = Int64((value * 1_000).rounded())
        let (whole, rest) = thousandths.magnitude.quotientAndRemainder(dividingBy: 1_000)
        let integer = (thousandths < 0 ? "-" : "") + String(whole)
        guard rest > 0 else { return integer }
        var digits = String(rest)
        digits = String(repeating: "0", count: 3 - digits.count) + digits
        while digits.hasSuffix("0") { digits.removeLast() }
        return integer + "." + digits
    }

    mutating func add(_ name: String, _ values: [JSONLine]) {
        begin(name)
        text += "[" + values.map { $0.text + "}" }.joined(separator: ",") + "]"
    }

    /// The whole line with its newline.
    var line: String { text + "}\n" }

    private mutating func begin(_ name: String) {
        if text.utf8.count > 1 { text += "," }
        Self.append(name, to: &text)
        text += ":"
    }

    /// RFC 8259 section 7. U+2028 and U+2029 are escaped as well: some readers take them for line ends.
    private static func append(_ value: String, to text: inout String) {
        text += "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": text += "\\\""
            case "\\": text += "\\\\"
            case "\n": text += "\\n"
            case "\r": text += "\\r"
            case "\t": text += "\\t"
            case "\u{0}"..."\u{1f}", "\u{7f}", "\u{2028}", "\u{2029}":
                let digits = String(scalar.value, radix: 16)
                text += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: text.unicodeScalars.append(scalar)
            }
        }
        text += "\""
    }
}
