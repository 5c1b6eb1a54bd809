import GodwitMetrics
import GodwitWire
import NIOCore

/// What one event loop counts: plain integers on the way of a message, added to the shared figures at a scrape.
struct LoopMetrics {
    let shared: EdgeMetrics

    var datagramsReceived: LoopCounter
    var datagramsSent: LoopCounter
    var datagramBytesReceived: LoopCounter
    var datagramBytesSent: LoopCounter
    private var markedCapable0: LoopCounter
    private var markedCapable1: LoopCounter
    private var markedCongested: LoopCounter
    var batchesReceived: LoopCounter
    var batchesSent: LoopCounter
    var batchedDatagramsReceived: LoopCounter
    var batchedDatagramsSent: LoopCounter
    var streamBytesReceived: LoopCounter
    var streamBytesSent: LoopCounter
    var acknowledged: LoopCounter
    var redelivered: LoopCounter
    var tunnelBytesUp: LoopCounter
    var tunnelBytesDown: LoopCounter

    private let durations: [UInt32: Histogram]
    private let otherDurations: Histogram
    private var attempts: [LoopCounter]
    private var tasks: [LoopCounter]
    private(set) var window = SuccessWindow()

    init(_ shared: EdgeMetrics) {
        self.shared = shared
        datagramsReceived = LoopCounter(shared.datagramsReceived.child())
        datagramsSent = LoopCounter(shared.datagramsSent.child())
        datagramBytesReceived = LoopCounter(shared.bytesReceived.child(CarrierKind.datagram.name))
        datagramBytesSent = LoopCounter(shared.bytesSent.child(CarrierKind.datagram.name))
        markedCapable0 = LoopCounter(shared.datagramsMarked.child("ect0"))
        markedCapable1 = LoopCounter(shared.datagramsMarked.child("ect1"))
        markedCongested = LoopCounter(shared.datagramsMarked.child("ce"))
        batchesReceived = LoopCounter(shared.batches.child("received"))
        batchesSent = LoopCounter(shared.batches.child("sent"))
        batchedDatagramsReceived = LoopCounter(shared.batchedDatagrams.child("received"))
        batchedDatagramsSent = LoopCounter(shared.batchedDatagrams.child("sent"))
        streamBytesReceived = LoopCounter(shared.bytesReceived.child(CarrierKind.stream.name))
        streamBytesSent = LoopCounter(shared.bytesSent.child(CarrierKind.stream.name))
        acknowledged = LoopCounter(shared.ackedMessages.child())
        redelivered = LoopCounter(shared.redeliveries.child())
        tunnelBytesUp = LoopCounter(shared.tunnels.bytes.child("up"))
        tunnelBytesDown = LoopCounter(shared.tunnels.bytes.child("down"))
        let commands = Command.allCases.map { ($0.rawValue, shared.requestDuration.child($0.name)) }
        durations = Dictionary(uniqueKeysWithValues: commands)
        otherDurations = shared.requestDuration.child("other")
        attempts = CarrierKind.allCases.prefix(Self.carrierCount).flatMap { carrier in
            AttemptPhase.allCases.flatMap { phase in
                Outcome.allCases.map { LoopCounter(shared.attempts.child(carrier.name, phase.name, $0.name)) }
            }
        }
        tasks = CommandClass.allCases.flatMap { commandClass in
            Outcome.allCases.map { LoopCounter(shared.tasks.child($0.name, commandClass.name)) }
        }
    }

    /// A datagram came with a mark in its IP header.
    mutating func marked(_ mark: ECNCodepoint) {
        switch mark {
        case .notCapable: break
        case .capable0: markedCapable0.add()
        case .capable1: markedCapable1.add()
        case .congestionExperienced: markedCongested.add()
        }
    }

    /// The carriers that exist: the datagram and the stream carrier.
    private static let carrierCount = 2

    mutating func attempt(_ carrier: CarrierKind, _ phase: AttemptPhase, _ outcome: Outcome, now: NIODeadline) {
        let row = min(Int(carrier.rawValue), Self.carrierCount - 1) * AttemptPhase.allCases.count + phase.rawValue
        attempts[row * Outcome.allCases.count + outcome.rawValue].add()
        window.record(.attempt, outcome.window, carrier: MeasuredCarrier(carrier), now: now.uptimeNanoseconds)
    }

    func requestDuration(_ command: UInt32) -> Histogram { durations[command] ?? otherDurations }

    mutating func task(_ command: UInt32, _ carrier: CarrierKind, _ outcome: Outcome, now: NIODeadline) {
        let row =
            switch CommandClass(rawCommand: command) {
            case .system: 0
            case .im: 1
            case .other: 2
            }
        tasks[row * Outcome.allCases.count + outcome.rawValue].add()
        window.record(.task, outcome.window, carrier: MeasuredCarrier(carrier), now: now.uptimeNanoseconds)
    }

    /// Counts what a client reports of its past. False when it is older than the window.
    mutating func reported(_ entry: ClientReport.Entry, count: Int, now: NIODeadline) -> Bool {
        window.record(
            entry.kind == .task ? .task : .attempt, .failed, carrier: MeasuredCarrier(entry.carrier), count: count,
            ageSeconds: UInt64(entry.ageSeconds), now: now.uptimeNanoseconds)
    }

    mutating func publish() {
        datagramsReceived.publish()
        datagramsSent.publish()
        datagramBytesReceived.publish()
        datagramBytesSent.publish()
        markedCapable0.publish()
        markedCapable1.publish()
        markedCongested.publish()
        batchesReceived.publish()
        batchesSent.publish()
        batchedDatagramsReceived.publish()
        batchedDatagramsSent.publish()
        streamBytesReceived.publish()
        streamBytesSent.publish()
        acknowledged.publish()
        redelivered.publish()
        tunnelBytesUp.publish()
        tunnelBytesDown.publish()
        for index in attempts.indices { attempts[index].publish() }
        for index in tasks.indices { tasks[index].publish() }
    }
}
