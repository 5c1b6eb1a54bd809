import NIOCore

/// The share of our bytes that the path loses by itself, as radio does: what is lost while no queue stands in it. Behind a queue it may
/// be an overflow, our own doing or a neighbour's.
struct UnqueuedLoss {
    /// In datagrams, how far the average looks back.
    static let memory = 128.0
    /// Weight, in datagrams, of the belief that nothing is lost.
    static let priorWeight = 4.0

    private let datagram: Double
    /// By exponential weights, in datagrams; lost ones are among them.
    private var sent = 0.0
    private var lost = 0.0
    private var isQueued = false
    /// The typical round trip when counting began.
    private var learnedAt: TimeAmount?

    init(maximumDatagramBytes: Int) { datagram = Double(maximumDatagramBytes) }

    /// 0...1.
    var share: Double { lost / (sent + Self.priorWeight) }

    mutating func acknowledged(bytes: Int, _ roundTrip: UnqueuedRoundTrip) {
        isQueued = roundTrip.isQueued
        guard !isQueued, let typical = roundTrip.typical else { return }
        if let learnedAt, roundTrip.isQueue(learnedAt) {
            // What passed for the bare path then had someone's queue in it.
            (sent, lost) = (0, 0)
            self.learnedAt = nil
        }
        if learnedAt == nil { learnedAt = typical }
        count(bytes, areLost: false)
    }

    mutating func lost(bytes: Int) {
        if !isQueued { count(bytes, areLost: true) }
    }

    private mutating func count(_ bytes: Int, areLost: Bool) {
        let packets = Double(bytes) / datagram
        let keep = max(0, 1 - packets / Self.memory)
        sent = sent * keep + packets
        lost = lost * keep + (areLost ? packets : 0)
    }

    /// A share from before a pause, believed as much as half of the memory.
    mutating func resume(share: Double) {
        sent = Self.memory / 2
        lost = share * (sent + Self.priorWeight)
    }
}
