/// The labels of one child, already escaped and joined: `result="ok",command_class="im"`.
package struct LabelSet: Hashable, Comparable, Sendable {
    static let empty = LabelSet(pairs: [])

    let text: String

    init(pairs: [(name: String, value: String)]) {
        text = pairs.map { "\($0.name)=\"\(Self.escape($0.value))\"" }.joined(separator: ",")
    }

    private init(text: String) {
        self.text = text
    }

    func adding(name: String, value: String) -> LabelSet {
        let pair = "\(name)=\"\(Self.escape(value))\""
        return LabelSet(text: text.isEmpty ? pair : text + "," + pair)
    }

    package static func < (left: LabelSet, right: LabelSet) -> Bool { left.text < right.text }

    /// Prometheus text format 0.0.4: backslash, double quote and line feed are escaped in a label value.
    static func escape(_ value: String) -> String {
        guard value.utf8.contains(where: { $0 == 0x5C || $0 == 0x22 || $0 == 0x0A }) else { return value }
        var escaped = ""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\\": escaped += "\\\\"
            case "\"": escaped += "\\\""
            case "\n": escaped += "\\n"
            default: escaped.unicodeScalars.append(scalar)
            }
        }
        return escaped
    }

    /// A legal label name (`[a-zA-Z_][a-zA-Z0-9_]*`) made from any text.
    static func legalName(_ name: String) -> String { legal(name, colonAllowed: false) }

    /// A legal metric name (`[a-zA-Z_:][a-zA-Z0-9_:]*`) made from any text.
    static func legalMetricName(_ name: String) -> String { legal(name, colonAllowed: true) }

    private static func legal(_ name: String, colonAllowed: Bool) -> String {
        var result = ""
        for (index, byte) in name.utf8.enumerated() {
            switch byte {
            case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "_"):
                break
            case UInt8(ascii: "0")...UInt8(ascii: "9"):
                if index == 0 { result.append("_") }
            case UInt8(ascii: ":") where colonAllowed:
                break
            default:
                result.append("_")
                continue
            }
            result.unicodeScalars.append(Unicode.Scalar(byte))
        }
        return result.isEmpty ? "_" : result
    }
}
