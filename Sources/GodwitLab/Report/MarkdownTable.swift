/// A Markdown table whose columns line up, so that it reads as well in a terminal.
package struct MarkdownTable: Sendable, Equatable {
    package var heads: [String]
    package var rows: [[String]] = []

    package init(heads: [String]) { self.heads = heads }

    package var text: String {
        let lines = ([heads] + rows).map { row in row.map { $0.replacing("|", with: "\\|") } }
        let widths = heads.indices.map { column in
            max(3, lines.map { $0.indices.contains(column) ? $0[column].count : 0 }.max() ?? 0)
        }
        func line(_ cells: [String]) -> String {
            let padded = widths.indices.map { column in
                let cell = cells.indices.contains(column) ? cells[column] : ""
                return cell + String(repeating: " ", count: widths[column] - cell.count)
            }
            return "| " + padded.joined(separator: " | ") + " |"
        }
        let rule = "|" + widths.map { String(repeating: "-", count: $0 + 2) }.joined(separator: "|") + "|"
        return ([line(lines[0]), rule] + lines.dropFirst().map(line)).joined(separator: "\n") + "\n"
    }
}
