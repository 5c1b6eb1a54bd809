/// What stops the lab, with what to do about it.
package enum LabError: Error, Equatable, CustomStringConvertible {
    case unknown(kind: String, name: String, nearest: String?, existing: [String])
    case badList(flag: String, value: String, problem: String)
    case badLine(file: String, line: Int, problem: String)
    case missingKey(file: String, key: String)
    case noLabFolder(searched: String)
    case noCells(String)
    case needsRoot
    case noBinary(path: String)
    case unreadable(path: String, reason: String)
    case unwritable(path: String, reason: String)
    case notEmpty(path: String)
    case notResults(path: String)
    case noMarkers(page: String)
    case command(String, status: String, output: String)

    package var description: String {
        switch self {
        case .unknown(let kind, let name, let nearest, let existing):
            let guess = nearest.map { "; did you mean \"\($0)\"?" } ?? "."
            return "unknown \(kind) \"\(name)\"\(guess) There are: \(existing.joined(separator: ", "))"
        case .badList(let flag, let value, let problem):
            return
                "--\(flag) \"\(value)\" has \(problem): names are separated by commas alone (--\(flag) a,b), or the flag is repeated"
        case .badLine(let file, let line, let problem):
            return "\(file):\(line): \(problem)"
        case .missingKey(let file, let key):
            return "\(file): \(key)=\"…\" is missing"
        case .noLabFolder(let searched):
            return
                "no netem/profiles in \(searched): run this in Godwit's source folder, or name the folder with --netem"
        case .noCells(let why):
            return why
        case .needsRoot:
            return
                "the lab makes network namespaces and impairs them with tc netem, which needs root: run it as root (sudo)"
        case .noBinary(let path):
            return "\(path) is missing: run 'make release' first, or name the binary with --godwit"
        case .unreadable(let path, let reason):
            return "cannot read \(path): \(reason)"
        case .unwritable(let path, let reason):
            return "cannot write \(path): \(reason)"
        case .notEmpty(let path):
            return "\(path) has files already: name a new folder with --results"
        case .notResults(let path):
            return "\(path) holds no lab results: expected a folder with run.json, or a file that --json wrote"
        case .noMarkers(let page):
            return
                "\(page) has no place for the report: expected the lines \"\(ReportPage.begin)\" and \"\(ReportPage.end)\""
        case .command(let command, let status, let output):
            return "\(command): \(status)" + (output.isEmpty ? "" : "\n" + output)
        }
    }
}
