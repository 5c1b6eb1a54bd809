import GodwitWire

/// The receiver's view of the path towards it: which share of the peer's packets never arrive, and whether losses come in bursts. It
/// reads gaps in the packet numbers, and tells the peer when its view has changed.
struct LossMonitor {
    /// How many packets the view looks back on, by exponential weights. Long enough to tell 1 % from 5 %, short enough to follow a
    /// phone into a lift.
    static let memory = 128.0
    /// What is believed before anything is known, with the weight of so many packets: a good network, given up after two losses.
    static let priorLoss = 0.005
    static let priorWeight = 8.0
    /// Weight, in lost packets, of the belief that losses are independent.
    static let independenceWeight = 4.0
    /// A number counts as lost when one so much larger has arrived; grows when that was premature.
    static let initialPatience: UInt64 = 4
    static let maximumPatience: UInt64 = 64
    /// Longer runs are a path that was gone, not one that loses packets.
    static let longestRun = 8
    /// After a longer jump in the numbers only so many below the largest are judged.
    static let longestLook: UInt64 = 256
    /// Acknowledgements that carry a changed report: one may be lost.
    static let repetitions = 3

    /// The lowest number not judged yet.
    private var next: UInt64 = 0
    private var patience = initialPatience
    private var run = 0
    private var packets = 0.0
    private var lost = 0.0
    /// Packets right behind a lost one, and how many of them were lost too.
    private var behindLost = 0.0
    private var lostBehindLost = 0.0
    private var told: LossReport?
    private var tellings = 0

    /// Share of the peer's packets that are lost, 0...1.
    var loss: Double {
        (lost + Self.priorLoss * Self.priorWeight) / (packets + Self.priorWeight)
    }

    /// The same among packets right behind a lost one.
    var repeatedLoss: Double {
        (lostBehindLost + loss * Self.independenceWeight) / (behindLost + Self.independenceWeight)
    }

    /// Takes note of a packet that is new; `window` already has it.
    mutating func record(_ number: UInt64, _ window: borrowing ReplayWindow) {
        if number < next { return arrivedLate(number, window.largest ?? number) }
        guard let largest = window.largest, largest >= patience else { return }
        if largest - next > Self.longestLook { next = largest - Self.longestLook }
        while next + patience <= largest {
            judge(isLost: !window.hasSeen(next))
            next += 1
        }
    }

    private mutating func judge(isLost: Bool) {
        let wasBehindLost = run > 0
        run = isLost ? run + 1 : 0
        guard run <= Self.longestRun else { return }
        let keep = 1 - 1 / Self.memory
        packets = packets * keep + 1
        lost = lost * keep + (isLost ? 1 : 0)
        behindLost = behindLost * keep + (wasBehindLost ? 1 : 0)
        lostBehindLost = lostBehindLost * keep + (wasBehindLost && isLost ? 1 : 0)
        noticeChange()
    }

    /// It was only overtaken.
    private mutating func arrivedLate(_ number: UInt64, _ largest: UInt64) {
        lost = max(0, lost - 1)
        lostBehindLost = min(lostBehindLost, lost)
        patience = min(max(patience, largest - number + 1), Self.maximumPatience)
        noticeChange()
    }

    private mutating func noticeChange() {
        let toldLoss = Double(told?.loss ?? 0) / 255
        let toldRepeated = Double(told?.repeatedLoss ?? 0) / 255
        let change = abs(loss - toldLoss)
        let isChanged =
            change > max(0.01, max(loss, toldLoss) / 4)
            || (loss > 0.02 && abs(repeatedLoss - toldRepeated) > 0.15)
        guard isChanged else { return }
        told = LossReport(loss: Self.byte(loss), repeatedLoss: Self.byte(repeatedLoss))
        tellings = Self.repetitions
    }

    private static func byte(_ share: Double) -> UInt8 { UInt8(min(255, (share * 255).rounded())) }

    /// What to write beside an acknowledgement, if anything.
    mutating func takeReport() -> LossReport? {
        guard tellings > 0 else { return nil }
        tellings -= 1
        return told
    }
}
