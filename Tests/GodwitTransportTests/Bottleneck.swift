import GodwitWire
import NIOCore

@testable import GodwitTransport

/// A bottleneck with a queue in front of it, and senders of bulk that only their controllers hold back: packets of 1,000 bytes, each
/// acknowledged.
struct Bottleneck {
    static let start = NIODeadline.uptimeNanoseconds(10_000_000_000)
    static let datagram = 1000

    var senders: [BulkSender]
    /// Bytes a second.
    let rate: Double
    let roundTrip: TimeAmount
    /// Lost before the queue, as on a radio link.
    var loss = 0.0
    /// Of the delay, each packet's own: up to so much more or less, so that packets overtake each other.
    var jitter = TimeAmount.nanoseconds(0)
    /// In packets; what comes on top is lost.
    var queueLimit = 10_000

    private(set) var overflowed = 0
    /// In seconds.
    private(set) var longestQueue = 0.0
    private let random: RandomSource
    private var busyUntil = start
    private var now = start
    private var flights: [Flight] = []

    private struct Flight {
        let arrival: NIODeadline
        let sender: Int
        let packet: BulkSender.Packet
        let isLost: Bool
    }

    init(_ senders: [BulkSender], rate: Double, roundTrip: TimeAmount, seed: UInt64 = 7) {
        random = .seeded(seed)
        self.senders = senders
        self.rate = rate
        self.roundTrip = roundTrip
    }

    init(_ controller: some CongestionController, rate: Double, roundTrip: TimeAmount, seed: UInt64 = 7) {
        self.init([BulkSender(controller)], rate: rate, roundTrip: roundTrip, seed: seed)
    }

    /// Bytes of all senders.
    var delivered: Int { senders.reduce(0) { $0 + $1.delivered } }

    mutating func run(for duration: TimeAmount) {
        let end = now + duration
        var next = 0
        while now < end {
            while next < flights.count, flights[next].arrival <= now {
                let flight = flights[next]
                next += 1
                senders[flight.sender].settle(flight.packet, isLost: flight.isLost, minimumRTT: roundTrip, now: now)
            }
            if next > 1000 {
                flights.removeFirst(next)
                next = 0
            }
            // Who comes first must not be always the same one.
            let first = senders.count > 1 ? Int(random.uniform() * Double(senders.count)) : 0
            for offset in senders.indices { send((first + offset) % senders.count) }
            now = now + .microseconds(500)
        }
        flights.removeFirst(next)
    }

    private mutating func send(_ sender: Int) {
        while let packet = senders[sender].next(roundTrip: roundTrip, now: now) {
            let queue = Double((max(busyUntil, now) - now).nanoseconds) / 1e9
            var isLost = random.uniform() < loss
            if !isLost, queue * rate / Double(Self.datagram) >= Double(queueLimit) {
                isLost = true
                overflowed += 1
            }
            if !isLost {
                longestQueue = max(longestQueue, queue)
                busyUntil = max(busyUntil, now) + .nanoseconds(Int64(Double(Self.datagram) * 1e9 / rate))
            }
            let scatter = Double(jitter.nanoseconds) * (random.uniform() + random.uniform() - 1)
            let arrival = max(busyUntil, now) + roundTrip + .nanoseconds(Int64(scatter))
            let place = flights.lastIndex { $0.arrival <= arrival }.map { $0 + 1 } ?? 0
            flights.insert(Flight(arrival: arrival, sender: sender, packet: packet, isLost: isLost), at: place)
        }
    }
}

/// Has always more to send. Its peer reports losses as a real one does.
struct BulkSender {
    private(set) var controller: any CongestionController
    var begins = Bottleneck.start
    /// TCP's BBR makes nothing up.
    var hearsOfLoss = true

    private(set) var delivered = 0
    private var meter = DeliveryRate()
    private var pacer = Pacer(maximumDatagramBytes: Bottleneck.datagram)
    private var inFlight = 0
    private var sent: UInt64 = 0
    private var arrived = ReplayWindow()
    private var monitor = LossMonitor()
    private var loss = PathLoss()

    struct Packet {
        fileprivate let number: UInt64
        fileprivate let sentAt: NIODeadline
        fileprivate let mark: DeliveryRate.Mark
    }

    init(_ controller: some CongestionController) { self.controller = controller }

    mutating func next(roundTrip: TimeAmount, now: NIODeadline) -> Packet? {
        guard now >= begins else { return nil }
        let unpaced = 1.25e9 * Double(controller.windowBytes) / Double(roundTrip.nanoseconds)
        pacer.refill(now: now, rate: controller.pacingRate ?? unpaced)
        guard inFlight < controller.windowBytes, pacer.isOpen else { return nil }
        let packet = Packet(number: sent, sentAt: now, mark: meter.mark(inFlight: inFlight, now: now))
        sent += 1
        inFlight += Bottleneck.datagram
        pacer.sent(bytes: Bottleneck.datagram)
        return packet
    }

    mutating func settle(_ packet: Packet, isLost: Bool, minimumRTT: TimeAmount, now: NIODeadline) {
        inFlight -= Bottleneck.datagram
        guard !isLost else {
            return controller.lost(bytes: Bottleneck.datagram, latestSent: packet.sentAt, now: now)
        }
        delivered += Bottleneck.datagram
        arrived.insert(packet.number)
        monitor.record(packet.number, arrived)
        if let report = monitor.takeReport() { loss.peerReported(report) }
        let sample = meter.acknowledged(
            bytes: Bottleneck.datagram, packet.mark, sentAt: packet.sentAt, minimumRTT: minimumRTT, now: now)
        controller.acknowledged(
            Acknowledgement(
                bytes: Bottleneck.datagram, sentAt: packet.sentAt, wasLimited: true, rate: sample,
                roundTrip: now - packet.sentAt, inFlight: inFlight, loss: hearsOfLoss ? loss.forward : 0, now: now))
    }
}
