/// Where a setting was written, as people look for it.
package enum ConfigurationPlace: Hashable, Sendable, CustomStringConvertible {
    /// Lines count from 1.
    case file(name: String, line: Int)
    case environment(variable: String)
    case flag(name: String)

    package var description: String {
        switch self {
        case .file(let name, let line): "\(name):\(line)"
        case .environment(let variable): "environment variable \(variable)"
        case .flag(let name): name
        }
    }
}

/// One thing wrong with what the operator wrote.
package enum ConfigurationProblem: Error, Equatable, Sendable, CustomStringConvertible {
    case unreadable(file: String, reason: String)
    case syntax(ConfigurationPlace, reason: String)
    case unknownKey(ConfigurationPlace, key: String, nearest: String?)
    case badValue(ConfigurationPlace, key: String, given: String, accepted: String)
    /// A section's name with a plain value behind it.
    case notASection(ConfigurationPlace, key: String)
    /// A section or a list where a plain value belongs.
    case notAValue(ConfigurationPlace, key: String, accepted: String)
    /// Two settings that are each right but not together.
    case contradiction(String)

    package var description: String {
        switch self {
        case .unreadable(let file, let reason): "cannot read \(file): \(reason)"
        case .syntax(let place, let reason): "\(place): not valid YAML: \(reason)"
        case .unknownKey(let place, let key, let nearest?):
            "\(place): unknown key \"\(key)\"; did you mean \"\(nearest)\"?"
        case .unknownKey(let place, let key, nil):
            "\(place): unknown key \"\(key)\"; all keys are in docs/operations.md"
        case .badValue(let place, let key, let given, let accepted):
            "\(place): \(key) cannot be \"\(given)\"; expected \(accepted)"
        case .notASection(let place, let key):
            "\(place): \"\(key)\" is a section; write its keys below it, indented"
        case .notAValue(let place, let key, let accepted): "\(place): \(key) takes one value; expected \(accepted)"
        case .contradiction(let text): text
        }
    }
}

/// Everything wrong with a configuration at once, so that it takes one round to mend it.
package struct ConfigurationError: Error, Equatable, Sendable, CustomStringConvertible {
    /// Never empty.
    package let problems: [ConfigurationProblem]

    package var description: String {
        problems.map(\.description).joined(separator: "\n")
    }
}
