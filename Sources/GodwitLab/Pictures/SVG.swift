/// A small writer of SVG: elements with attributes in order, text that is always escaped, numbers with one decimal.
struct SVG {
    let width: Double
    let height: Double
    private let title: String
    private let description: String
    private var body = ""

    init(width: Double, height: Double, title: String, description: String) {
        (self.width, self.height, self.title, self.description) = (width, height, title, description)
    }

    enum Anchor: String {
        case start, middle, end
    }

    mutating func rectangle(
        x: Double, y: Double, width: Double, height: Double, radius: Double = 0, style: String, opacity: Double? = nil
    ) {
        element(
            "rect",
            [
                ("x", Self.number(x)), ("y", Self.number(y)), ("width", Self.number(width)),
                ("height", Self.number(height)),
                ("rx", radius > 0 ? Self.number(radius) : nil), ("class", style),
                ("fill-opacity", opacity.map(Self.hundredths)),
            ])
    }

    mutating func line(_ points: [(x: Double, y: Double)], style: String) {
        guard let first = points.first else { return }
        var path = "M\(Self.number(first.x)) \(Self.number(first.y))"
        for point in points.dropFirst() { path += "L\(Self.number(point.x)) \(Self.number(point.y))" }
        element("path", [("d", path), ("class", style)])
    }

    mutating func text(_ text: String, x: Double, y: Double, anchor: Anchor = .start, style: String? = nil) {
        element(
            "text",
            [
                ("x", Self.number(x)), ("y", Self.number(y)), ("text-anchor", anchor == .start ? nil : anchor.rawValue),
                ("class", style),
            ], content: text)
    }

    /// The whole document, with its own style sheet for light and dark.
    var document: String {
        """
        <svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 \(Self.number(width)) \(Self.number(height))" \
        width="\(Self.number(width))" height="\(Self.number(height))" role="img">
        <title>\(Self.escaped(title))</title>
        <desc>\(Self.escaped(description))</desc>
        <style>\(PictureStyle.sheet)</style>
        <rect class="ground" width="100%" height="100%"/>
        \(body)</svg>

        """
    }

    private mutating func element(_ name: String, _ attributes: [(String, String?)], content: String? = nil) {
        let written = attributes.compactMap { name, value in value.map { " \(name)=\"\(Self.escaped($0))\"" } }.joined()
        body += "<\(name)\(written)" + (content.map { ">\(Self.escaped($0))</\(name)>" } ?? "/>") + "\n"
    }

    static func number(_ value: Double) -> String {
        let tenths = (value * 10).rounded()
        guard tenths.magnitude < 1e12 else { return "0" }
        let (whole, rest) = Int64(tenths).magnitude.quotientAndRemainder(dividingBy: 10)
        return (tenths < 0 ? "-" : "") + "\(whole)" + (rest == 0 ? "" : ".\(rest)")
    }

    private static func hundredths(_ value: Double) -> String { Figure.decimals(value, 2) }

    /// XML 1.0: the five characters of markup, and nothing that it forbids.
    static func escaped(_ text: String) -> String {
        var result = ""
        for scalar in text.unicodeScalars {
            switch scalar {
            case "&": result += "&amp;"
            case "<": result += "&lt;"
            case ">": result += "&gt;"
            case "\"": result += "&quot;"
            case "'": result += "&#39;"
            case "\t", "\n", "\r", "\u{20}"..."\u{d7ff}", "\u{e000}"..."\u{fffd}", "\u{10000}"..."\u{10ffff}":
                result.unicodeScalars.append(scalar)
            default: result += "\u{fffd}"
            }
        }
        return result
    }
}
