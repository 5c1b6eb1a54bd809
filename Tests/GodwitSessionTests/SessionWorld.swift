import GodwitWire
import NIOCore
import Testing

@testable import GodwitSession

/// A client's end, a server's table and the applications on both, over carriers that fail. Every body says who sent it
/// as which message of which lane, so the applications can check what they are given.
final class SessionWorld {
    struct Tag: Hashable {
        var incarnation: UInt64
        var number: UInt64
        var lane: UInt64

        init(incarnation: UInt64, number: UInt64, lane: UInt64) {
            self.incarnation = incarnation
            self.number = number
            self.lane = lane
        }

        init?(_ body: ByteBuffer) {
            var body = body
            guard let words = body.readMultipleIntegers(as: (UInt64, UInt64, UInt64).self) else { return nil }
            (incarnation, number, lane) = words
        }

        var body: ByteBuffer {
            var buffer = ByteBuffer()
            buffer.writeMultipleIntegers(incarnation, number, lane)
            return buffer
        }
    }

    /// One reader's view: what it was given, and the last of each lane.
    struct Reader {
        private(set) var seen: Set<Tag> = []
        private var last: [UInt64: UInt64] = [:]

        /// What is wrong with being given `tag` now.
        mutating func read(_ tag: Tag) -> String? {
            guard seen.insert(tag).inserted else { return "\(tag) came twice" }
            // Lane 0 stands for no lane.
            guard tag.lane != 0 else { return nil }
            if let last = last[tag.lane], last > tag.number { return "\(tag) came after \(last)" }
            last[tag.lane] = tag.number
            return nil
        }
    }

    struct Numbering: Hashable {
        let session: SessionID
        let incarnation: UInt64
    }

    let random: RandomSource
    let faults: UnreliableCarrier.Faults
    let table: SessionTable
    var now = NIODeadline.uptimeNanoseconds(1_000_000_000)
    var client: Session
    var incarnation: UInt64 = 1
    var carrier: UnreliableCarrier?
    var served: (id: SessionID, attachment: UInt64)?
    var savedTicket: SessionTicket?
    var number: UInt64 = 0
    var faultsAreOn = true

    // The client's application.
    var asked: [LocalID: Tag] = [:]
    var answered: Set<LocalID> = []
    var abandoned: Set<LocalID> = []
    var late: Set<LocalID> = []
    var cancelled: Set<LocalID> = []
    var clientReader = Reader()
    var sentByThisProcess: Set<Tag> = []
    // The server's application.
    var toAnswer: [(session: SessionID, request: LocalID, body: ByteBuffer)] = []
    var serverReaders: [Numbering: Reader] = [:]
    var pushed: Set<Tag> = []
    var problems: [String] = []
    var resumptions: [Resumption: Int] = [:]

    init(seed: UInt64, faults: UnreliableCarrier.Faults) {
        random = .seeded(seed)
        self.faults = faults
        table = SessionTable(loopIndex: 0, random: random)
        client = Session.client(ticket: nil, incarnation: 1)
    }

    private var currentFaults: UnreliableCarrier.Faults { faultsAreOn ? faults : .none }

    func chance(_ probability: Double) -> Bool { random.uniform() < probability }

    /// What must have arrived: all that nobody gave up.
    var owed: Set<Tag> { sentByThisProcess.subtracting(late.union(cancelled).compactMap { asked[$0] }) }
    /// What must have been answered.
    var owedAnswers: Set<LocalID> { Set(asked.keys).subtracting(late).subtracting(cancelled) }

    // MARK: - What may happen

    func step() {
        now = now + .milliseconds(Int64(random.next() % 120))
        if chance(currentFaults.restart) { restartClient() }
        if chance(currentFaults.amnesia), let served { table.remove(served.id) }
        // Room that is empty may be given back at any time.
        client.rest()
        if let served { table[served.id]?.rest() }
        if carrier == nil, chance(0.3) { connect() }
        if chance(0.4) { clientSends() }
        if chance(0.05) { clientCancels() }
        if chance(0.3) { serverPushes() }
        if chance(0.4) { serverAnswers() }
        for _ in 0..<3 { move() }
        if let carrier, chance(carrier.isDoomed ? 0.1 : 0.005) { disconnect() }
    }

    /// The network is good from now on, and everything comes to rest.
    func settle() {
        faultsAreOn = false
        if carrier != nil { disconnect() }
        connect()
        for _ in 0..<20_000 {
            now = now + .milliseconds(50)
            move()
            serverAnswers()
            if carrier?.isIdle == true, toAnswer.isEmpty, client.isOpen, client.unacknowledgedCount == 0,
                served.flatMap({ table[$0.id] })?.unacknowledgedCount == 0
            {
                return
            }
        }
        problems.append("it never came to rest")
    }

    private func restartClient() {
        if carrier != nil { disconnect() }
        incarnation += 1
        client = Session.client(ticket: savedTicket, incarnation: incarnation)
        asked = [:]
        answered = []
        abandoned = []
        late = []
        cancelled = []
        clientReader = Reader()
        sentByThisProcess = []
    }

    private func connect() {
        carrier = UnreliableCarrier()
        served = nil
        client.carrierAttached(now: now)
    }

    private func disconnect() {
        carrier = nil
        client.carrierDetached(now: now)
        // Half of the time the server does not notice, and the next OPEN supersedes the old carrier.
        if let served, chance(0.5) { table[served.id]?.carrierDetached(attachment: served.attachment, now: now) }
    }

    private func clientSends() {
        number += 1
        let tag = Tag(incarnation: incarnation, number: number, lane: random.next() % 3)
        var message = OutgoingMessage.request(.echo, lane: tag.lane == 0 ? nil : tag.lane, body: tag.body)
        message.urgency = Urgency.allCases[Int(random.next() % 3)]
        if chance(0.1) { message.deadline = now + .milliseconds(Int64(random.next() % 2_000)) }
        do {
            let id = try client.send(message, now: now)
            if asked.updateValue(tag, forKey: id) != nil { problems.append("identity \(id) was given twice") }
            sentByThisProcess.insert(tag)
        } catch { problems.append("client send: \(error)") }
    }

    /// An application that gave up a request, at whatever stage it is.
    private func clientCancels() {
        let candidates = asked.keys.filter { !answered.contains($0) && !abandoned.contains($0) }.sorted()
        guard !candidates.isEmpty else { return }
        let id = candidates[Int(random.next() % UInt64(candidates.count))]
        client.cancel(id)
        cancelled.insert(id)
    }

    private func serverPushes() {
        // Applications push to those who have logged in; a session whose ticket never reached its client gets nothing.
        guard let served, let session = table[served.id], session.isConfirmed else { return }
        number += 1
        let tag = Tag(incarnation: 0, number: number, lane: random.next() % 3)
        do {
            var message = OutgoingMessage.push(.notify, lane: tag.lane == 0 ? nil : tag.lane, body: tag.body)
            message.urgency = Urgency.allCases[Int(random.next() % 3)]
            let id = try session.send(message, now: now)
            if chance(0.05) {
                session.cancel(id)
            } else {
                pushed.insert(tag)
            }
        } catch { problems.append("server send: \(error)") }
    }

    private func serverAnswers() {
        guard !toAnswer.isEmpty else { return }
        let (id, request, body) = toAnswer.remove(at: Int(random.next() % UInt64(toAnswer.count)))
        guard let session = table[id] else { return }
        do { try session.send(.response(to: request, body: body), now: now) } catch SessionSendError.requestGone {
        } catch { problems.append("server answer: \(error)") }
    }

    // MARK: - The shells

    private func move() {
        guard carrier != nil else { return }
        client.handleTimeout(now: now)
        transmit(client, towardsServer: true)
        if let envelope = carrier?.take(towardsServer: true, faults: currentFaults, random: random) {
            serverReceives(envelope)
        }
        if let served, let session = table[served.id], session.attachment == served.attachment {
            session.handleTimeout(now: now)
            transmit(session, towardsServer: false)
        }
        if let envelope = carrier?.take(towardsServer: false, faults: currentFaults, random: random) {
            do { try client.receive(envelope, now: now) } catch { problems.append("client: \(error)") }
        }
        drainClient()
    }

    private func transmit(_ session: Session, towardsServer: Bool) {
        while let name = session.pollGivenUp() { carrier?.giveUp(name, random: random) }
        // Carriers that are full of what takes its time still have room for the rest.
        let room = Urgency.allCases[Int(random.next() % 3)]
        while let envelope = session.pollEnvelope(downTo: faultsAreOn ? room : .media, now: now) {
            let name = carrier?.put(
                envelope.bytes, towardsServer: towardsServer, faults: currentFaults, random: random)
            if let name { session.carrierTook(envelope, as: name) }
        }
    }

    private func serverReceives(_ envelope: ByteBuffer) {
        do {
            if let served {
                // The owner of a carrier whose session is gone closes the carrier.
                guard let session = table[served.id] else {
                    disconnect()
                    return
                }
                try session.receive(envelope, now: now)
                drainServer(served.id, session)
            } else if case .opened(let opened) = try table.open(envelope, now: now) {
                served = (opened.id, opened.attachment)
                drainServer(opened.id, opened.session)
            }
        } catch { problems.append("server: \(error)") }
    }

    private func drainServer(_ id: SessionID, _ session: Session) {
        while let event = session.pollEvent() {
            guard case .message(let message) = event, case .request = message.kind, let tag = Tag(message.body) else {
                continue
            }
            let numbering = Numbering(session: id, incarnation: session.incarnation)
            if let problem = serverReaders[numbering, default: Reader()].read(tag) {
                problems.append("server: \(problem)")
            }
            toAnswer.append((id, message.id, message.body))
        }
    }

    private func drainClient() {
        while let event = client.pollEvent() {
            switch event {
            case .opened(let resumption, let ticket):
                resumptions[resumption, default: 0] += 1
                savedTicket = ticket
            case .message(let message): clientReads(message)
            case .abandoned(let id, let reason):
                if !abandoned.insert(id).inserted { problems.append("\(id) was given up twice") }
                if cancelled.contains(id) { problems.append("\(id) was given up after it was cancelled") }
                if reason == .late { late.insert(id) }
            case .datagram, .acknowledged, .pong, .rejected, .closed: break
            }
        }
    }

    private func clientReads(_ message: IncomingMessage) {
        guard let tag = Tag(message.body) else { return problems.append("an unreadable body") }
        switch message.kind {
        case .response(let id, _):
            if asked[id] != tag { problems.append("the response to \(id) belongs to another request") }
            if !answered.insert(id).inserted { problems.append("\(id) was answered twice") }
            if abandoned.contains(id) { problems.append("\(id) was answered after it was given up") }
            if cancelled.contains(id) { problems.append("\(id) was answered after it was cancelled") }
        case .push:
            if let problem = clientReader.read(tag) { problems.append("client: \(problem)") }
        case .request: problems.append("the server asked")
        }
    }
}
