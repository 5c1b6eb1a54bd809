/// How soon the attempts of each peer succeed on one profile: cumulative shares over a logarithmic time.
///
/// Each curve is labelled where it leaves the picture. Those that reach the top leave upward, and their leaders turn right at levels that
/// nest, the fastest outermost, so that none crosses another and the labels read from best to worst. Those that never get there run into
/// the right edge, which is their loss.
struct LatencyCurves {
    struct Series {
        let peer: String
        let title: String
        /// Among the peers other than Godwit, over the whole report: it chooses the colour.
        let rank: Int
        let latencies: Latencies

        var line: String { PictureStyle.line(of: peer, rank: rank) }
        var ink: String { PictureStyle.text(of: peer, rank: rank) }
    }

    let heading: String
    let noun: String
    let series: [Series]

    private static let plotLeft = 62.0
    private static let plotWidth = 470.0
    private static let plotHeight = 290.0
    private static let labelWidth = 230.0
    private static let level = 16.0

    var document: String {
        let samples = series.map(\.latencies.count).filter { $0 > 0 }.min() ?? 0
        let probe = ShareScale(samples: samples, from: 0, to: 1)
        let exits = series.filter { exit($0, probe.top).isFinite }.sorted { exit($0, probe.top) < exit($1, probe.top) }
        let flats = series.filter { !exit($0, probe.top).isFinite }
            .sorted { ($0.latencies.delivered ?? 0) > ($1.latencies.delivered ?? 0) }

        let (left, right) = (Self.plotLeft, Self.plotLeft + Self.plotWidth)
        let top = 66 + Self.level * Double(exits.count + 1)
        let bottom = top + Self.plotHeight
        let shares = ShareScale(samples: samples, from: bottom, to: top)
        let times = TimeScale(
            values: series.flatMap {
                [$0.latencies.sorted.first ?? .infinity] + $0.latencies.sorted.filter(\.isFinite).suffix(1)
            },
            from: left, to: right)

        var svg = SVG(
            width: right + Self.labelWidth, height: bottom + 56, title: heading,
            description: description(top: shares.top))
        svg.text(heading, x: 16, y: 28, style: "title")
        let counts = Set(series.map(\.latencies.count)).sorted()
        let count = counts.count == 1 ? "\(counts[0])" : "\(counts.first ?? 0) to \(counts.last ?? 0)"
        svg.text("Share of \(count) \(noun) a peer that succeeded within a time", x: 16, y: 47, style: "muted")
        axes(&svg, times, shares)
        // Godwit last, above the others.
        for each in series.reversed() { curve(&svg, each, times, shares) }
        labels(&svg, exits: exits, flats: flats, times, shares)
        return svg.document
    }

    private func exit(_ series: Series, _ top: Double) -> Double { series.latencies.percentile(top) ?? .infinity }

    private func axes(_ svg: inout SVG, _ times: TimeScale, _ shares: ShareScale) {
        for tick in shares.ticks {
            let y = shares.position(tick.share)
            svg.line([(times.from, y), (times.to, y)], style: tick.share == 0 ? "axis" : "grid")
            svg.text(tick.text, x: times.from - 8, y: y + 4, anchor: .end, style: "muted small")
        }
        var lastText = -Double.infinity
        for tick in times.ticks {
            let x = times.position(tick.milliseconds)
            svg.line([(x, shares.from), (x, shares.to)], style: "grid")
            guard x - lastText >= 44 else { continue }
            lastText = x
            svg.text(tick.text, x: x, y: shares.from + 18, anchor: .middle, style: "muted small")
        }
        svg.text(
            "time, logarithmic", x: (times.from + times.to) / 2, y: shares.from + 40, anchor: .middle,
            style: "muted small")
    }

    private func curve(_ svg: inout SVG, _ series: Series, _ times: TimeScale, _ shares: ShareScale) {
        let sorted = series.latencies.sorted
        guard let first = sorted.first, first.isFinite else { return }
        var points = [(x: times.position(first), y: shares.from)]
        var reached = 0.0
        for (index, sample) in sorted.enumerated() where sample.isFinite {
            let x = times.position(sample)
            points.append((x, shares.position(reached)))
            reached = Double(index + 1) / Double(sorted.count)
            points.append((x, shares.position(reached)))
            if reached >= shares.top { break }
        }
        if reached < shares.top { points.append((times.to, shares.position(reached))) }
        let thinned = Self.withoutTinySteps(points)
        if series.peer == Catalogue.godwit { svg.line(thinned, style: "halo") }
        svg.line(thinned, style: series.line)
    }

    /// Steps smaller than half a pixel are not seen, and make files large.
    private static func withoutTinySteps(_ points: [(x: Double, y: Double)]) -> [(x: Double, y: Double)] {
        var kept: [(x: Double, y: Double)] = []
        for (index, point) in points.enumerated() {
            if let last = kept.last, index < points.count - 1,
                (point.x - last.x).magnitude < 0.5, (point.y - last.y).magnitude < 0.5
            {
                continue
            }
            kept.append(point)
        }
        return kept
    }

    private func labels(
        _ svg: inout SVG, exits: [Series], flats: [Series], _ times: TimeScale, _ shares: ShareScale
    ) {
        let x = times.to + 14
        let percent = Figure.grouped(shares.top * 100)
        if !exits.isEmpty {
            svg.text(
                "\(percent) % within", x: x, y: shares.to - Self.level * Double(exits.count) - 4, style: "muted small")
        }
        for (level, each) in exits.enumerated() {
            let y = shares.to - Self.level * Double(exits.count - level) + Self.level / 2
            let start = times.position(exit(each, shares.top))
            svg.line([(start, shares.to), (start, y), (times.to + 9, y)], style: each.line + " lead")
            svg.text(
                "\(each.title) · \(TimeScale.text(exit(each, shares.top)))", x: x, y: y + 4,
                style: each.ink)
        }
        var next = shares.to + 12
        for each in flats {
            let delivered = each.latencies.delivered ?? 0
            let edge = shares.position(delivered)
            let y = max(edge, next)
            next = y + Self.level
            svg.line([(times.to, edge), (times.to + 9, y)], style: each.line + " lead")
            svg.text(
                "\(each.title) · \(Self.percent(delivered)) ever", x: x, y: y + 4,
                style: each.ink)
        }
    }

    private static func percent(_ share: Double) -> String {
        Figure("", .latency(family: "", .delivered)).text(share * 100) + " %"
    }

    private func description(top: Double) -> String {
        series.map { each in
            let latencies = each.latencies
            func at(_ share: Double) -> String { TimeScale.text(latencies.percentile(share) ?? .infinity) }
            return "\(each.title): half within \(at(0.5)), \(Figure.grouped(top * 100)) % within \(at(top))."
        }.joined(separator: " ")
    }
}
