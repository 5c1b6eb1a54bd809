import NIOCore

/// How often a small message is sent before anyone has missed it, and how closely. Copies die independently of each other or in
/// bursts, as measured: with loss p and repeated loss q, all of k copies are lost with p·q^(k−1).
struct RedundancyPolicy {
    /// Nothing is repeated below this loss.
    static let lossWithoutRedundancy = 0.01
    /// A copy is worth its bytes when it saves at least so many messages of a hundred from waiting for the probe timer.
    static let worthwhileGain = 0.08
    static let maximumFirstCopies = 2
    /// What may be left to chance after the second round of transmissions, and by what factor less after each further one. In bursts
    /// less: what a burst takes, it takes from question and answer alike.
    static let acceptableResidue = 0.002
    static let acceptableResidueInBursts = 0.0001
    static let residueFactor = 0.01
    static let maximumProbeCopies = 12
    /// A path that has not answered so many probes is gone, and copies cannot help.
    static let roundsBeforeSilence = 3
    /// From this loss on a late message is never sent once only.
    static let lossWithoutTrust = 0.05
    /// What lost a packet has some power over the next one.
    static let leastRepeatedLoss = 0.1
    /// A path that is not known yet and has lost something.
    static let unknownLoss = 0.15
    static let unknownRepeatedLoss = 0.5

    /// Copies behind the first transmission, 0 or more.
    static func firstCopies(_ loss: PathLoss) -> Int {
        guard loss.forward >= lossWithoutRedundancy else { return 0 }
        var residue = loss.forward
        var copies = 0
        while copies < maximumFirstCopies, residue * (1 - loss.forwardRepeated) >= worthwhileGain {
            residue *= loss.forwardRepeated
            copies += 1
        }
        return copies
    }

    /// Copies behind a transmission that follows a loss or a probe timeout.
    ///
    /// - Parameters:
    ///   - sent: transmissions so far.
    ///   - round: 1 for the first repetition, and so on.
    static func probeCopies(_ loss: PathLoss, sent: Int, round: Int) -> Int {
        let repeated = max(loss.forwardRepeated, loss.isKnown ? leastRepeatedLoss : unknownRepeatedLoss)
        var residue = max(loss.forward, loss.isKnown ? 0 : unknownLoss) * repeated.power(max(0, sent - 1))
        let goal = (loss.isBursty ? acceptableResidueInBursts : acceptableResidue) * residueFactor.power(round - 1)
        residue *= repeated
        var copies = 0
        if loss.forward >= lossWithoutTrust {
            copies = 1
            residue *= repeated
        }
        while copies < maximumProbeCopies, residue > goal {
            residue *= repeated
            copies += 1
        }
        return copies
    }

    /// Unreliable datagrams have no second chance, and their application conceals so much loss.
    static let acceptableDatagramLoss = 0.02
    static let maximumDatagramCopies = 2

    /// Copies behind an unreliable datagram, 0 or more.
    static func datagramCopies(_ loss: PathLoss) -> Int {
        guard loss.isKnown else { return 0 }
        var residue = loss.forward
        var copies = 0
        while copies < maximumDatagramCopies, residue > acceptableDatagramLoss {
            residue *= max(loss.forwardRepeated, leastRepeatedLoss)
            copies += 1
        }
        return copies
    }

    /// Between a datagram and its copies: the next frame of voice, or far enough to outlast a burst of a few packets.
    static func datagramGap(_ loss: PathLoss) -> TimeAmount {
        loss.isBursty ? .milliseconds(40) : .milliseconds(5)
    }

    /// Repair symbols that must not be lost, for a message at its end of which so many symbols are not acknowledged: as many as will
    /// be missing, with room for chance.
    ///
    /// Losses are counted as normally distributed; when one makes the next likelier, their variance grows by (1 + c) / (1 − c), where c
    /// is by how much (the sum of a two-state chain).
    static func repairs(for awaited: Int, _ loss: PathLoss) -> Int {
        let p = min(loss.forward, maximumLossRepaired)
        guard p >= lossWithoutRedundancy else { return 0 }
        let chain = min(max(loss.forwardRepeated - loss.forward, 0), strongestChain)
        let variance = p * (1 - p) * (1 + chain) / (1 - chain)
        var repairs = 0.0
        // The repair symbols are lost like the others: two steps come close enough.
        for _ in 0..<2 {
            repairs =
                (p * Double(awaited) + repairConfidence * (variance * (Double(awaited) + repairs)).squareRoot())
                / (1 - p)
        }
        return min(Int(repairs.rounded(.up)), RepairDecoder.maximumColumns)
    }

    /// In standard deviations: one message of twenty still needs an answer.
    static let repairConfidence = 1.6
    /// Beyond, a path is as good as gone.
    static let maximumLossRepaired = 0.6
    static let strongestChain = 0.6

    /// Between copies: enough to share one acknowledgement when losses are independent, else to outlast what kills one. All copies that
    /// may follow a lost packet of a burst last about as long as a probe timeout, so that there is no pause before the next round.
    static func gap(_ loss: PathLoss) -> TimeAmount {
        if loss.isBursty { return .milliseconds(10) }
        return loss.isKnown ? .milliseconds(4) : .milliseconds(8)
    }
}

extension Double {
    fileprivate func power(_ exponent: Int) -> Double {
        var result = 1.0
        for _ in 0..<max(0, exponent) { result *= self }
        return result
    }
}
