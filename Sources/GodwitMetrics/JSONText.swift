/// Writes JSON text member by member: enough for the admin pages, without Foundation.
package struct JSONText {
    package private(set) var text = ""
    private var needsComma = false

    package init() {}

    package mutating func object(_ name: String? = nil, _ body: (inout JSONText) -> Void) {
        nest(name, "{", "}", body)
    }

    package mutating func array(_ name: String? = nil, _ body: (inout JSONText) -> Void) {
        nest(name, "[", "]", body)
    }

    package mutating func member(_ name: String, _ value: String) {
        begin(name)
        text += Self.quote(value)
    }

    package mutating func member(_ name: String, _ value: Int) {
        begin(name)
        text += String(value)
    }

    package mutating func member(_ name: String, _ value: Bool) {
        begin(name)
        text += value ? "true" : "false"
    }

    /// JSON has no word for infinities and NaN: they are null, as is nil.
    package mutating func member(_ name: String, _ value: Double?) {
        begin(name)
        if let value, value.isFinite { text += String(value) } else { text += "null" }
    }

    private mutating func nest(_ name: String?, _ open: String, _ close: String, _ body: (inout JSONText) -> Void) {
        begin(name)
        text += open
        needsComma = false
        body(&self)
        text += close
        needsComma = true
    }

    private mutating func begin(_ name: String?) {
        if needsComma { text += "," }
        needsComma = true
        if let name { text += Self.quote(name) + ":" }
    }

    /// RFC 8259 §7.
    static func quote(_ value: String) -> String {
        var quoted = "\""
        for scalar in value.unicodeScalars {
            switch scalar {
            case "\"": quoted += "\\\""
            case "\\": quoted += "\\\\"
            case "\n": quoted += "\\n"
            case "\r": quoted += "\\r"
            case "\t": quoted += "\\t"
            case _ where scalar.value < 0x20:
                let digits = String(scalar.value, radix: 16)
                quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
            default: quoted.unicodeScalars.append(scalar)
            }
        }
        return quoted + "\""
    }
}
