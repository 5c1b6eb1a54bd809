import Yams

/// A setting as it was written, before it is understood.
struct ConfigurationSetting: Equatable, Sendable {
    var key: String
    var value: String
    var place: ConfigurationPlace
}

/// A YAML text as a flat list of settings with their lines.
struct ConfigurationFile {
    private(set) var settings: [ConfigurationSetting] = []
    private(set) var problems: [ConfigurationProblem] = []
    private let name: String

    /// - Parameter name: as it is shown to people.
    init(name: String, text: String) {
        self.name = name
        do {
            guard let root = try compose(yaml: text) else { return }
            read(root, under: "")
        } catch let error as YamlError {
            problems.append(syntax(error))
        } catch {
            problems.append(.syntax(place(1), reason: "\(error)"))
        }
    }

    private mutating func read(_ node: Node, under section: String) {
        let line = node.mark?.line ?? 1
        switch node {
        case .mapping(let mapping):
            for (keyNode, value) in mapping {
                let line = keyNode.mark?.line ?? line
                guard case .scalar(let scalar) = keyNode else {
                    problems.append(.syntax(place(line), reason: "a key must be a plain word"))
                    continue
                }
                let key = section.isEmpty ? scalar.string : section + "." + scalar.string
                read(key, value, line: line)
            }
        case .scalar(let scalar) where scalar.string.isEmpty || scalar.string == "~" || scalar.string == "null":
            break  // a section whose keys are all commented out
        case .scalar, .sequence, .alias:
            problems.append(
                section.isEmpty
                    ? .syntax(place(line), reason: "expected keys and values, \"listen: 0.0.0.0:7400\"")
                    : .notASection(place(line), key: section))
        }
    }

    private mutating func read(_ key: String, _ value: Node, line: Int) {
        if ConfigurationKey.isSection(key) {
            read(value, under: key)
        } else if let known = ConfigurationKey.named(key) {
            if case .scalar(let scalar) = value {
                settings.append(ConfigurationSetting(key: key, value: scalar.string, place: place(line)))
            } else if known.isList, let parts = plainList(value) {
                settings.append(ConfigurationSetting(key: key, value: parts.joined(separator: ","), place: place(line)))
            } else {
                problems.append(.notAValue(place(line), key: key, accepted: known.accepted))
            }
        } else {
            problems.append(.unknownKey(place(line), key: key, nearest: ConfigurationKey.nearest(to: key)))
        }
    }

    private func plainList(_ node: Node) -> [String]? {
        guard case .sequence(let sequence) = node else { return nil }
        let parts = sequence.compactMap(\.string)
        return parts.count == sequence.count ? parts : nil
    }

    private func place(_ line: Int) -> ConfigurationPlace {
        .file(name: name, line: line)
    }

    private func syntax(_ error: YamlError) -> ConfigurationProblem {
        switch error {
        case .scanner(_, let problem, let mark, _), .parser(_, let problem, let mark, _),
            .composer(_, let problem, let mark, _):
            .syntax(place(mark.line), reason: problem)
        case .duplicatedKeysInMapping(let duplicates, let context):
            .syntax(
                place(context.mark.line),
                reason: "given twice in this section: \(duplicates.sorted().joined(separator: ", "))")
        case .reader(let problem, _, _, _): .syntax(place(1), reason: problem)
        default: .syntax(place(1), reason: "\(error)")
        }
    }
}
