/// The names of a flag that may be repeated and may hold several at once: `--profile 4g,2g --profile burst`.
package enum NameList {
    /// Each name once, in the order of its first mention.
    package static func parse(_ values: [String], flag: String) throws(LabError) -> [String] {
        var names: [String] = []
        for value in values {
            if value.contains(where: \.isWhitespace) { throw .badList(flag: flag, value: value, problem: "a space") }
            for name in value.split(separator: ",", omittingEmptySubsequences: false) {
                if name.isEmpty { throw .badList(flag: flag, value: value, problem: "an empty name") }
                if !names.contains(String(name)) { names.append(String(name)) }
            }
        }
        return names
    }
}
