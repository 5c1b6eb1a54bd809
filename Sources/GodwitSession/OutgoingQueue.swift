import DequeModule
import GodwitWire
import NIOCore

/// The messages that the peer has not acknowledged, and how far the present carrier has taken them.
///
/// A message gets its number when a carrier is first given it, so that what hurries does not stand behind what takes its time, and what
/// is given up before leaves no gap. Numbers are dense: `entries[i]` has the number `acknowledged + 1 + i`.
struct OutgoingQueue: ~Copyable {
    private struct Entry {
        var message: WaitingMessages.Message
        /// The lane's message before this one, 0 = none that is still unacknowledged.
        let predecessor: UInt64
        var fate = Fate.wanted
        /// What the present carrier calls it.
        var carried: UInt64?
    }

    private enum Fate {
        case wanted
        /// The peer named it in a range.
        case delivered
        /// Its number is still owed: the peer is told that nothing will come for it.
        case withdrawn
    }

    struct Transmission {
        let id: LocalID
        let sequence: UInt64
        let kind: MessageKind
        /// Distance to the predecessor, 0 = none or already delivered.
        let after: UInt64
        /// Nil when the message was withdrawn.
        let body: ByteBuffer?
        let compressible: Bool
        let urgency: Urgency
        let deadline: NIODeadline
        let isAwaited: Bool
        var isRepeated = false
    }

    private var entries = Deque<Entry>()
    private var waiting = WaitingMessages()
    /// The last number of each lane that is not acknowledged.
    private var laneTails: [UInt64: UInt64] = [:]
    /// Every message up to this one has arrived at the peer.
    private(set) var acknowledged: UInt64 = 0
    /// Numbers that the present carrier is to take again.
    private var again = PerUrgency(Deque<UInt64>())
    /// Those that have some.
    private var repeated = Urgencies.none
    /// Numbers of which the peer is to be told that nothing comes.
    private var withdrawn = Deque<UInt64>()
    private var turns = UrgencyTurns()
    private var deadlines = DeadlineQueue()
    /// Bytes of bodies from `acknowledged + 1` to `lastSent`: what the receiver may have to hold back.
    private var windowBytes = 0
    /// Bytes of the bodies kept.
    private(set) var bytes = 0
    /// Messages whose body is kept.
    private(set) var count = 0

    /// The highest number ever given to a carrier in this numbering.
    var lastSent: UInt64 { acknowledged + UInt64(entries.count) }

    /// Gives back room that is empty.
    mutating func rest() {
        guard count == 0 else { return }
        if entries.isEmpty { entries = [] }
        if withdrawn.isEmpty { withdrawn = [] }
        if laneTails.isEmpty { laneTails = [:] }
        if waiting.count == 0 { waiting = WaitingMessages() }
        if repeated.isEmpty { again = PerUrgency(Deque()) }
    }

    private func index(of sequence: UInt64) -> Int { Int(sequence - acknowledged - 1) }

    mutating func append(_ message: OutgoingMessage, id: LocalID) {
        append(
            WaitingMessages.Message(
                id: id, kind: message.kind, lane: message.lane, body: message.body,
                bodyBytes: message.body.readableBytes, compressible: message.compressible, early: message.early,
                urgency: message.urgency, deadline: message.deadline))
    }

    private mutating func append(_ message: WaitingMessages.Message) {
        bytes += message.bodyBytes
        count += 1
        if message.deadline < .distantFuture { deadlines.insert(message.id.rawValue, deadline: message.deadline) }
        waiting.append(message)
    }

    // MARK: What goes next

    /// The next message for the carrier, within the protocol's window; nil = none now.
    mutating func next(_ taken: Urgencies = .all) -> Transmission? {
        while let sequence = withdrawn.popFirst() {
            if let transmission = transmission(sequence) { return transmission }
        }
        let sendable = sendable(taken)
        guard let urgency = turns.next(sendable) else { return nil }
        let transmission: Transmission?
        if repeated[urgency] {
            transmission = self.transmission(again[urgency].removeFirst(), isRepeated: true)
            repeated[urgency] = !again[urgency].isEmpty
        } else {
            transmission = number(urgency)
        }
        turns.sent(transmission?.body?.readableBytes ?? 0, by: urgency, waiting: sendable)
        return transmission
    }

    private mutating func sendable(_ taken: Urgencies) -> Urgencies {
        var urgencies = Urgencies.none
        for urgency in Urgency.allCases where taken[urgency] {
            if repeated[urgency] { dropSettled(urgency) }
            urgencies[urgency] = repeated[urgency] || mayNumber(urgency)
        }
        return urgencies
    }

    /// Leaves out what was acknowledged, or given up, since the carrier was attached.
    private mutating func dropSettled(_ urgency: Urgency) {
        while let sequence = again[urgency].first, !isWanted(sequence) { again[urgency].removeFirst() }
        repeated[urgency] = !again[urgency].isEmpty
    }

    private func isWanted(_ sequence: UInt64) -> Bool {
        sequence > acknowledged && sequence <= lastSent && entries[index(of: sequence)].fate == .wanted
    }

    /// Whether the next of an urgency may have its number now.
    private func mayNumber(_ urgency: Urgency) -> Bool {
        guard let bodyBytes = waiting.firstBytes(urgency) else { return false }
        // A quarter of the window is for what is not media: it is never shut out by what takes its time to arrive.
        let quarters = urgency == .media ? 3 : 4
        return entries.count < Int(SessionWindow.messages) / 4 * quarters
            && windowBytes + bodyBytes <= SessionWindow.bytes / 4 * quarters
    }

    private mutating func number(_ urgency: Urgency) -> Transmission? {
        guard let message = waiting.popFirst(urgency) else { return nil }
        let sequence = lastSent + 1
        let predecessor = message.lane.flatMap { laneTails.updateValue(sequence, forKey: $0) } ?? 0
        windowBytes += message.bodyBytes
        entries.append(Entry(message: message, predecessor: predecessor))
        return transmission(sequence)
    }

    private func transmission(_ sequence: UInt64, isRepeated: Bool = false) -> Transmission? {
        guard sequence > acknowledged, sequence <= lastSent else { return nil }
        let index = index(of: sequence)
        let (fate, predecessor) = (entries[index].fate, entries[index].predecessor)
        guard fate != .delivered else { return nil }
        let message = entries[index].message
        let isWithdrawn = fate == .withdrawn
        return Transmission(
            id: message.id, sequence: sequence, kind: message.kind,
            after: predecessor > acknowledged ? sequence - predecessor : 0,
            body: isWithdrawn ? nil : message.body, compressible: message.compressible,
            urgency: isWithdrawn ? .control : message.urgency,
            deadline: isWithdrawn ? .distantFuture : message.deadline,
            isAwaited: message.isAwaited, isRepeated: isRepeated)
    }

    /// The present carrier's name for a message that it was given.
    mutating func carried(_ sequence: UInt64, as name: UInt64) {
        guard sequence > acknowledged, sequence <= lastSent else { return }
        entries[index(of: sequence)].carried = name
    }

    /// The messages to go with OPEN: those sent before, in the order of their numbers, then the most urgent, as long as each may and
    /// there is room for their bodies. They count as sent; the answer to OPEN tells which have arrived.
    mutating func nextEarly(isFresh: Bool, maximumBytes: Int, maximumCount: Int) -> [Transmission] {
        var transmissions: [Transmission] = []
        var bytes = 0
        func mayGo(_ message: WaitingMessages.Message) -> Bool {
            (message.early == .always || (message.early == .inKnownSession && !isFresh))
                && bytes + message.bodyBytes <= maximumBytes && transmissions.count < maximumCount
        }
        for (offset, entry) in entries.enumerated() where entry.fate == .wanted {
            guard mayGo(entry.message),
                let old = transmission(acknowledged + 1 + UInt64(offset), isRepeated: true)
            else { return transmissions }
            bytes += entry.message.bodyBytes
            transmissions.append(old)
        }
        while let urgency = Urgency.allCases.first(where: { waiting.firstBytes($0) != nil }), mayNumber(urgency),
            let message = waiting.first(urgency), mayGo(message), let new = number(urgency)
        {
            bytes += message.bodyBytes
            transmissions.append(new)
        }
        return transmissions
    }

    // MARK: What becomes of it

    /// The peer has every message up to `sequence`. Names those that it was not known to have.
    mutating func acknowledge(upTo sequence: UInt64, _ isNews: (LocalID) -> Void) throws(SessionError) {
        guard sequence <= lastSent else {
            throw .acknowledgementOfUnsent(acknowledged: sequence, lastSent: lastSent)
        }
        while acknowledged < sequence, let entry = entries.popFirst() {
            acknowledged += 1
            let message = entry.message
            windowBytes -= message.bodyBytes
            if let lane = message.lane, laneTails[lane] == acknowledged { laneTails[lane] = nil }
            if entry.fate == .wanted {
                release(message)
                isNews(message.id)
            }
        }
    }

    /// The message is settled.
    private mutating func release(_ message: WaitingMessages.Message) {
        if message.deadline < .distantFuture { deadlines.remove(message.id.rawValue, deadline: message.deadline) }
        bytes -= message.bodyBytes
        count -= 1
    }

    /// A numbered message needs its body no longer.
    private mutating func settle(_ position: Int, _ fate: Fate) {
        if entries[position].fate == .wanted {
            release(entries[position].message)
            entries[position].message.body = ByteBuffer()
        }
        entries[position].fate = fate
    }

    /// A new carrier takes what `received` lacks. Returns the messages that the peer was not known to have.
    /// When it throws, nothing has changed.
    mutating func resume(received: AckState) throws(SessionError) -> [LocalID] {
        guard received.highest <= lastSent else {
            throw .acknowledgementOfUnsent(acknowledged: received.highest, lastSent: lastSent)
        }
        var news: [LocalID] = []
        try acknowledge(upTo: received.cumulative) { news.append($0) }
        for range in received.ranges where range.upperBound > acknowledged {
            for sequence in max(range.lowerBound, acknowledged + 1)...range.upperBound {
                let position = index(of: sequence)
                if entries[position].fate == .wanted { news.append(entries[position].message.id) }
                settle(position, .delivered)
            }
        }
        takeAgain()
        return news
    }

    /// What the peer does not have is owed to the new carrier.
    private mutating func takeAgain() {
        again = PerUrgency(Deque())
        repeated = .none
        withdrawn.removeAll()
        for position in entries.indices {
            let sequence = acknowledged + 1 + UInt64(position)
            entries[position].carried = nil
            switch entries[position].fate {
            case .wanted:
                let urgency = entries[position].message.urgency
                again[urgency].append(sequence)
                repeated[urgency] = true
            case .withdrawn: withdrawn.append(sequence)
            case .delivered: break
            }
        }
    }

    /// Numbers start again at 1 for another peer or another numbering. Requests and pushes keep their order and
    /// identities; responses go, for their requests have no number there. Returns the requests kept.
    mutating func renumber() -> Set<LocalID> {
        let sent = entries.filter { $0.fate == .wanted }.map(\.message)
        let kept = (sent + waiting.all).filter { !$0.kind.isResponse }.sorted { $0.id < $1.id }
        self = OutgoingQueue()
        for message in kept { append(message) }
        return Set(kept.filter(\.kind.isRequest).map(\.id))
    }

    /// The request of this number was answered, so it has arrived.
    ///
    /// - Returns: its identity, if that is news.
    mutating func answered(_ sequence: UInt64) -> LocalID? {
        guard isWanted(sequence) else { return nil }
        settle(index(of: sequence), .delivered)
        return entries[index(of: sequence)].message.id
    }

    /// A request that was given a carrier is delivered as ever, but its response interests nobody.
    mutating func stopAwaiting(_ id: LocalID) {
        guard let position = entries.firstIndex(where: { $0.message.id == id }) else { return }
        entries[position].message.isAwaited = false
    }

    /// A message that was given up.
    struct GivenUp {
        /// The name that the present carrier knows it by, if it was given it.
        let carried: UInt64?
    }

    /// - Returns: nil when the peer is known to have it, or when it was given up before.
    mutating func giveUp(_ id: LocalID) -> GivenUp? {
        if let message = waiting.remove(id) {
            release(message)
            return GivenUp(carried: nil)
        }
        // A walk: messages are in the order of their numbers here, and giving up is rare.
        guard let position = entries.firstIndex(where: { $0.message.id == id }), entries[position].fate == .wanted
        else {
            return nil
        }
        settle(position, .withdrawn)
        withdrawn.append(acknowledged + 1 + UInt64(position))
        return GivenUp(carried: entries[position].carried)
    }

    /// When the next message is late.
    var earliestDeadline: NIODeadline? { deadlines.earliest }

    /// Gives up one message whose deadline has passed. One that has arrived may take as long as it likes to be answered.
    mutating func giveUpLate(now: NIODeadline) -> (LocalID, GivenUp)? {
        while let rawValue = deadlines.popLate(now: now) {
            let id = LocalID(rawValue: rawValue)
            if let message = giveUp(id) { return (id, message) }
        }
        return nil
    }
}
