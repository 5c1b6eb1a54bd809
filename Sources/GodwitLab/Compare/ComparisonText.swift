extension Comparison {
    /// For people: what changed beyond the noise, and how much stayed.
    package func text(before: Results, after: Results) -> String {
        var text = "A: commit \(before.run.commit), \(before.run.startedAt), seed \(before.run.seed)\n"
        text += "B: commit \(after.run.commit), \(after.run.startedAt), seed \(after.run.seed)\n\n"
        let changed = entries.filter { $0.judgement.verdict != .withinNoise }
        if changed.isEmpty {
            text += "Nothing changed beyond the noise.\n"
        } else {
            var table = MarkdownTable(heads: [
                "scenario", "profile", "peer", "figure", "A", "B", "change", "99 % interval", "",
            ])
            for entry in changed { table.rows.append(row(entry, after)) }
            text += table.text
        }
        let assumed = entries.count { $0.judgement.noise == .assumed }
        text +=
            "\n\(entries.count) figures compared: \(self.entries(.better).count) better, \(self.entries(.worse).count) worse, "
        text +=
            "\(self.entries(.withinNoise).count) within noise. Of figures that did not change about one in a hundred shows as changed by chance.\n"
        if assumed > 0 {
            text +=
                "* For \(assumed) figures of fewer than \(Judgement.runsForSpread) runs a noise of 20 % is assumed: give --runs "
            text += "\(Judgement.runsForSpread) or more to measure it.\n"
        }
        for (side, cells) in [("A", onlyBefore), ("B", onlyAfter)] where !cells.isEmpty {
            text += "Only \(side) has figures of: \(cells.joined(separator: ", ")).\n"
        }
        return text
    }

    private func row(_ entry: Entry, _ results: Results) -> [String] {
        let judgement = entry.judgement
        let figure = judgement.figure
        func signed(_ value: Double) -> String {
            (value < 0 ? "" : "+") + (figure.unit == .seconds ? Figure.decimals(value, 2) : Figure.grouped(value))
        }
        let change: String
        if figure.unit == .percent {
            change = (judgement.change < 0 ? "" : "+") + Figure.decimals(judgement.change, 1) + " points"
        } else if let relative = judgement.relativeChange {
            change = (relative < 0 ? "" : "+") + Figure.decimals(relative * 100, 0) + " %"
        } else {
            change = signed(judgement.change)
        }
        let unit = figure.unitText.isEmpty ? "" : " " + figure.unitText
        return [
            entry.scenario, entry.profile, results.title(of: entry.peer), figure.name + unit,
            figure.text(judgement.before),
            figure.text(judgement.after), change,
            "\(signed(judgement.low)) to \(signed(judgement.high))" + (judgement.noise == .assumed ? " *" : ""),
            judgement.verdict == .better ? "better" : "worse",
        ]
    }
}
