import GodwitWire

/// What is known about losses on the path, both ways: the peer reports what it misses of ours, and we see what we miss of it.
struct PathLoss {
    /// Share of our packets that are lost, 0...1.
    private(set) var forward = LossMonitor.priorLoss
    /// The same among those right behind a lost one: above `forward` when losses come in bursts.
    private(set) var forwardRepeated = LossMonitor.priorLoss
    /// Share of the peer's packets, acknowledgements among them, that are lost.
    var backward = LossMonitor.priorLoss

    /// The path has been used enough for its losses to be known.
    var isKnown = false

    mutating func peerReported(_ report: LossReport) {
        isKnown = true
        forward = Double(report.loss) / 255
        forwardRepeated = Double(report.repeatedLoss) / 255
    }

    /// The probability that a question or its answer is lost.
    var roundTrip: Double { 1 - (1 - min(forward, 1)) * (1 - min(backward, 1)) }

    /// Losses come in bursts: a packet behind a lost one fares clearly worse than others.
    var isBursty: Bool { forwardRepeated > 1.5 * forward + 0.1 }
}
