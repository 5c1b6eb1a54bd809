/// Figures that belong together and share a row of the table: "p50 / p90 / p99 / max ms".
package struct FigureRow: Sendable, Equatable {
    package let title: String
    package let figures: [Figure]
    /// Between the figures of a cell.
    package let separator: String

    init(_ title: String, _ figures: [Figure], separator: String = " / ") {
        (self.title, self.figures, self.separator) = (title, figures, separator)
    }

    /// The rows of a scenario: what its cells have measured decides.
    package static func rows(for cells: [CellRecord], deadline: Double?) -> [FigureRow] {
        let families = Set(cells.flatMap { cell in cell.samples.filter { !$0.value.isEmpty }.keys })
        var rows: [FigureRow] = []
        if families.contains("connect_ms") { rows += attempts("connect_ms", "connect") }
        if families.contains("resume_ms") { rows += attempts("resume_ms", "resume") }
        if families.contains("echo_ms") { rows += messages(deadline: deadline) }
        for (family, name) in [
            ("recovery_ms", "back after"), ("join_ms", "moved after"), ("round_ms", "whole round"),
            ("image_ms", "image and back"),
        ] where families.contains(family) {
            rows.append(FigureRow("\(name) p50 / p90 / max ms", times(family, name, [0.5, 0.9], maximum: true)))
        }
        for meeting in meetings(of: cells) {
            let name = "beside \(meeting.rival.uppercased()), queue \(Figure.trimmed(meeting.queue)) BDP"
            rows.append(
                FigureRow(
                    "\(name): share %, Jain's index",
                    [Figure("\(name): share", .share(meeting)), Figure("\(name): Jain's index", .jain(meeting))],
                    separator: ", "))
            rows.append(
                FigureRow("\(name): alone kbit/s", [Figure("\(name): alone", .rateAlone(meeting))]))
        }
        let scalars: [FigureRow] = [
            FigureRow("clients", [Figure("clients", .clients)]),
            FigureRow("goodput kbit/s", [Figure("goodput", .goodput)]),
            FigureRow(
                "bytes an hour, up + down",
                [Figure("up an hour", .bytesUpPerHour), Figure("down an hour", .bytesDownPerHour)], separator: " + "),
            FigureRow(
                families.contains("connect_ms") && !families.contains("echo_ms")
                    ? "bytes a connect, up + down" : "bytes a message, up + down",
                [Figure("up", .bytesUpPerMessage), Figure("down", .bytesDownPerMessage)],
                separator: " + "),
            FigureRow("CPU s a thousand messages", [Figure("CPU", .cpuPerThousand)]),
            FigureRow(
                "doubled / out of order", [Figure("doubled", .duplicates), Figure("out of order", .orderBreaks)]),
        ]
        rows += scalars.filter { row in
            row.figures.contains { figure in cells.contains { figure.value(of: $0) != nil } }
        }
        return rows
    }

    /// In the order of their measurement.
    private static func meetings(of cells: [CellRecord]) -> [Figure.Meeting] {
        var seen: Set<Figure.Meeting> = []
        return cells.flatMap(\.fairness).map { Figure.Meeting(rival: $0.rival, queue: $0.queue) }.filter {
            seen.insert($0).inserted
        }
    }

    private static func attempts(_ family: String, _ name: String) -> [FigureRow] {
        [
            FigureRow(
                "\(name) within 3 s / 10 s %",
                [
                    Figure("\(name) within 3 s", .latency(family: family, .within(3_000))),
                    Figure("\(name) within 10 s", .latency(family: family, .within(10_000))),
                ]),
            FigureRow("\(name) p50 / p90 / p99 ms", times(family, name, [0.5, 0.9, 0.99])),
        ]
    }

    private static func messages(deadline: Double?) -> [FigureRow] {
        let shares: FigureRow
        if let deadline {
            let limit = Figure.grouped(deadline)
            shares = FigureRow(
                "within \(limit) ms / ever %",
                [
                    Figure("within \(limit) ms", .latency(family: "echo_ms", .within(deadline))),
                    Figure("delivered", .latency(family: "echo_ms", .delivered)),
                ])
        } else {
            shares = FigureRow(
                "within 1 s / 3 s / ever %",
                [
                    Figure("within 1 s", .latency(family: "echo_ms", .within(1_000))),
                    Figure("within 3 s", .latency(family: "echo_ms", .within(3_000))),
                    Figure("delivered", .latency(family: "echo_ms", .delivered)),
                ])
        }
        return [
            shares, FigureRow("p50 / p90 / p99 / max ms", times("echo_ms", "", [0.5, 0.9, 0.99], maximum: true)),
        ]
    }

    private static func times(_ family: String, _ name: String, _ shares: [Double], maximum: Bool = false) -> [Figure] {
        let prefix = name.isEmpty ? "" : name + " "
        return shares.map { share in
            Figure("\(prefix)p\(Int((share * 100).rounded()))", .latency(family: family, .percentile(share)))
        } + (maximum ? [Figure("\(prefix)max", .latency(family: family, .maximum))] : [])
    }
}
