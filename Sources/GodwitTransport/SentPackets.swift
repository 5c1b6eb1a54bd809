import DequeModule
import NIOCore

/// A packet on its way, or lately settled.
struct SentPacket {
    enum Fate { case outstanding, acknowledged, lost, unacknowledgeable }

    let number: UInt64
    let time: NIODeadline
    /// With header and tag.
    let bytes: Int
    let isEliciting: Bool
    /// Sent with ECT(0).
    let isMarked: Bool
    let rateMark: DeliveryRate.Mark
    /// The largest packet number in the acknowledgement it carried.
    let acknowledgedUpTo: UInt64?
    var fate: Fate
    /// Its frames were queued again by a probe, or are copies; a later loss must not queue them twice.
    var framesMoved = false
    /// It only tries a size: its loss says nothing about congestion, and no probe asks for it.
    let isMTUProbe: Bool
    /// It carried a repair symbol, whose loss is told although no probe asks for it.
    fileprivate(set) var hasRepair = false
    /// No probe asks for it: what it carried has arrived in another packet, or is a copy.
    fileprivate(set) var isDispensable = false
    /// Where its frames begin, counted from the first frame ever sent.
    fileprivate let frameStart: UInt64
    fileprivate let frameCount: Int
}

extension SentPacket {
    /// Above what every path carries, and not a trial.
    var isLarge: Bool { bytes > ProtocolLimits.baseDatagramBytes && !isMTUProbe }
}

/// The packets of one number space that are not settled, with their frames, oldest first. Numbers are consecutive.
struct SentPackets {
    /// Lost packets stay this long, to recognise late acknowledgements.
    static let memory: UInt64 = 256

    private var packets: Deque<SentPacket> = []
    /// The frames of all packets, in the packets' order.
    private var frames: Deque<SentFrame> = []
    private var framesForgotten: UInt64 = 0
    private(set) var nextNumber: UInt64 = 0
    private(set) var outstandingCount = 0
    private var largestAcknowledged: UInt64 = 0

    /// - Parameter nextNumber: of the packets before, all are settled.
    init(nextNumber: UInt64 = 0) { self.nextNumber = nextNumber }

    var isEmpty: Bool { packets.isEmpty }
    /// Of the packet sent last.
    var newestBytes: Int { packets.last?.bytes ?? 0 }
    var count: Int { packets.count }

    /// Appends the packet numbered `nextNumber` with the frames in `carried`.
    mutating func record(
        time: NIODeadline, bytes: Int, isEliciting: Bool, isMarked: Bool = false, rateMark: DeliveryRate.Mark,
        acknowledgedUpTo: UInt64?,
        carried: ContiguousArray<SentFrame>
    ) {
        let isMTUProbe = if case .mtuProbe = carried.first { true } else { false }
        let isCopy = !carried.isEmpty && carried.allSatisfy(\.isExpendable)
        packets.append(
            SentPacket(
                number: nextNumber, time: time, bytes: bytes, isEliciting: isEliciting, isMarked: isMarked,
                rateMark: rateMark,
                acknowledgedUpTo: acknowledgedUpTo, fate: isEliciting ? .outstanding : .unacknowledgeable,
                framesMoved: isCopy, isMTUProbe: isMTUProbe, hasRepair: carried.contains(where: \.isRepair),
                isDispensable: isCopy || isMTUProbe,
                frameStart: framesForgotten + UInt64(frames.count), frameCount: carried.count))
        frames.append(contentsOf: carried)
        nextNumber += 1
        if isEliciting { outstandingCount += 1 }
        prune()
    }

    /// When the oldest packet was sent that awaits an acknowledgement.
    var oldestOutstanding: NIODeadline? {
        guard outstandingCount > 0 else { return nil }
        for index in packets.indices where packets[index].fate == .outstanding { return packets[index].time }
        return nil
    }

    /// When the newest packet was sent that asked for an acknowledgement.
    var newestEliciting: NIODeadline? { packets.last(where: \.isEliciting)?.time }

    /// When the oldest packet was sent that a probe asks for: of those that await an acknowledgement, the first whose frames nobody
    /// else carries, or else the first that is not dispensable.
    var oldestAwaited: NIODeadline? {
        guard outstandingCount > 0 else { return nil }
        var moved: NIODeadline?
        for index in packets.indices where packets[index].fate == .outstanding {
            if !packets[index].framesMoved, !packets[index].isMTUProbe { return packets[index].time }
            if moved == nil, !packets[index].isDispensable { moved = packets[index].time }
        }
        return moved
    }

    /// Lets probes pass over the oldest packets whose frames have all arrived in others.
    mutating func dispense(with isSettled: (SentFrame) -> Bool) {
        guard outstandingCount > 0 else { return }
        for index in packets.indices where packets[index].fate == .outstanding && !packets[index].framesMoved {
            let packet = packets[index]
            let start = Int(packet.frameStart - framesForgotten)
            guard packet.frameCount > 0, frames[start..<(start + packet.frameCount)].allSatisfy(isSettled) else {
                return
            }
            packets[index].framesMoved = true
            packets[index].isDispensable = true
        }
    }

    /// Settles the packets in `range` as acknowledged and reports those for which that is news.
    mutating func acknowledge(_ range: ClosedRange<UInt64>, into report: inout AcknowledgedPackets) {
        guard let first = packets.first?.number, let last = packets.last?.number else { return }
        guard range.upperBound >= first, range.lowerBound <= last else { return }
        largestAcknowledged = max(largestAcknowledged, min(range.upperBound, last))
        let low = Int(max(range.lowerBound, first) - first)
        let high = Int(min(range.upperBound, last) - first)
        for index in low...high where packets[index].fate != .acknowledged {
            let packet = packets[index]
            packets[index].fate = .acknowledged
            report.add(packet)
            if packet.fate == .outstanding { outstandingCount -= 1 }
            appendFrames(of: index, to: &report.frames)
        }
    }

    /// Walks the outstanding packets from the oldest; `judge` says what becomes of each.
    mutating func review(into queue: inout ContiguousArray<SentFrame>, _ judge: (SentPacket) -> Verdict) {
        guard outstandingCount > 0 else { return }
        for index in packets.indices where packets[index].fate == .outstanding {
            let packet = packets[index]
            switch judge(packet) {
            case .stop: return
            case .keep: continue
            case .lost:
                packets[index].fate = .lost
                outstandingCount -= 1
            case .move:
                packets[index].framesMoved = true
            }
            if !packet.framesMoved || (packet.hasRepair && packets[index].fate == .lost) {
                appendFrames(of: index, to: &queue)
            }
        }
    }

    enum Verdict { case keep, lost, move, stop }

    /// Forgets settled packets at the old end; call after acknowledgements and losses.
    mutating func prune() {
        while let first = packets.first {
            switch first.fate {
            case .outstanding: return
            case .acknowledged: break
            case .lost: guard first.number + Self.memory < nextNumber else { return }
            // The peer names it beside later packets, if it has arrived.
            case .unacknowledgeable:
                guard first.number < largestAcknowledged || first.number + Self.memory < nextNumber else { return }
            }
            frames.removeFirst(first.frameCount)
            framesForgotten += UInt64(first.frameCount)
            packets.removeFirst()
        }
    }

    private func appendFrames(of index: Int, to list: inout ContiguousArray<SentFrame>) {
        let start = Int(packets[index].frameStart - framesForgotten)
        for frame in start..<(start + packets[index].frameCount) { list.append(frames[frame]) }
    }
}

/// What one ACK frame brought to light.
struct AcknowledgedPackets {
    var frames: ContiguousArray<SentFrame> = []
    private(set) var bytesInFlight = 0
    private(set) var hasEliciting = false
    /// Of all eliciting packets, those declared lost before included: they were delivered.
    private(set) var elicitingBytes = 0
    private(set) var latestEliciting: SentPacket?
    /// The newly acknowledged packet with the largest number.
    private(set) var largest: SentPacket?
    /// The largest packet number in any of our acknowledgements that has arrived.
    private(set) var confirmedUpTo: UInt64?
    /// Packets that had been declared lost.
    private(set) var spurious = 0
    private(set) var oldestSpurious: SentPacket?
    private(set) var marked = 0
    private(set) var largestMarked: UInt64?
    /// The largest number of a packet above the base size.
    private(set) var largestLarge: UInt64?

    fileprivate mutating func add(_ packet: SentPacket) {
        if packet.fate == .outstanding { bytesInFlight += packet.bytes }
        if packet.isMarked {
            marked += 1
            if largestMarked.map({ packet.number > $0 }) ?? true { largestMarked = packet.number }
        }
        if packet.isEliciting {
            hasEliciting = true
            elicitingBytes += packet.bytes
            if latestEliciting.map({ packet.number > $0.number }) ?? true { latestEliciting = packet }
        }
        if packet.fate == .lost {
            spurious += 1
            if oldestSpurious == nil { oldestSpurious = packet }
        }
        if largest.map({ packet.number > $0.number }) ?? true { largest = packet }
        if packet.isLarge, largestLarge.map({ packet.number > $0 }) ?? true { largestLarge = packet.number }
        if let upTo = packet.acknowledgedUpTo { confirmedUpTo = confirmedUpTo.map { max($0, upTo) } ?? upTo }
    }
}
