/// A profile or a scenario: lines `key="value"` and comments that begin with `#`.
///
/// The same text is read by the guest's scripts, so it stays within what a shell would take as assignments.
package struct SettingsFile: Sendable, Equatable {
    package var values: [String: String] = [:]
    /// The comment above the first assignment, as one sentence or more.
    package var leadingComment = ""

    package init(parsing text: String, file: String) throws(LabError) {
        var comment: [Substring] = []
        for (number, line) in zip(1..., text.split(separator: "\n", omittingEmptySubsequences: false)) {
            let line = line.trimmed
            if line.hasPrefix("#") {
                if values.isEmpty { comment.append(line.drop { $0 == "#" || $0 == " " }) }
                continue
            }
            if line.isEmpty { continue }
            let assignments = try Self.assignments(in: line, file: file, line: number)
            for (key, value) in assignments {
                guard values.updateValue(value, forKey: key) == nil else {
                    throw .badLine(file: file, line: number, problem: "\(key) is set twice")
                }
            }
        }
        leadingComment = comment.joined(separator: " ")
    }

    /// One or more `key="value"` with blanks between them, and perhaps a comment at the end.
    static func assignments(
        in line: Substring, file: String, line number: Int
    ) throws(LabError) -> [(key: String, value: String)] {
        var result: [(key: String, value: String)] = []
        var rest = line.trimmed
        while !rest.isEmpty, !rest.hasPrefix("#") {
            guard let equals = rest.firstIndex(of: "=") else {
                throw .badLine(file: file, line: number, problem: "expected key=\"value\", found '\(rest)'")
            }
            let key = rest[..<equals]
            let isName =
                !key.isEmpty && key.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "_.".contains($0)) }
            let quoted = rest[rest.index(after: equals)...]
            guard isName, quoted.first == "\"" else {
                throw .badLine(file: file, line: number, problem: "expected key=\"value\", found '\(rest)'")
            }
            guard let close = quoted.dropFirst().firstIndex(of: "\"") else {
                throw .badLine(file: file, line: number, problem: "the value of \(key) has no closing quote")
            }
            result.append((String(key), String(quoted[quoted.index(after: quoted.startIndex)..<close])))
            rest = quoted[quoted.index(after: close)...].trimmed
        }
        return result
    }
}

extension Substring {
    /// Without blanks at both ends.
    var trimmed: Substring {
        guard let first = firstIndex(where: { !$0.isWhitespace }),
            let last = lastIndex(where: { !$0.isWhitespace })
        else { return self[endIndex...] }
        return self[first...last]
    }
}
