import GodwitTLS
import GodwitTransport
import NIOCore

/// What a client remembers of a server and of the way to it: a ticket for the next connection, which makes the next first flight carry
/// the first requests, and how the network was.
struct ServerMemory {
    private struct Kept {
        let ticket: ResumptionTicket
        /// By the wall clock, since a ticket outlives the process.
        let receivedAt: Int64
    }

    private var kept: Kept?
    private(set) var path: PathMemory?
    /// ``ConnectPlan/datagramIsUnheard``.
    var datagramIsUnheard = false

    private static let format: UInt8 = 3

    init() {}

    /// The ticket, once: a server takes early data only once for each.
    mutating func takeTicket() -> TicketInUse? {
        defer { kept = nil }
        return kept.map { TicketInUse(ticket: $0.ticket, receivedAt: $0.receivedAt) }
    }

    /// The server has never seen it, so it is as good as before.
    mutating func giveBack(_ unused: TicketInUse) {
        if kept == nil { kept = Kept(ticket: unused.ticket, receivedAt: unused.receivedAt) }
    }

    mutating func keep(_ ticket: ResumptionTicket, wallMilliseconds: Int64) {
        kept = Kept(ticket: ticket, receivedAt: wallMilliseconds)
    }

    mutating func keep(_ path: PathMemory) { self.path = path }

    /// Another network is another path.
    mutating func networkChanged() {
        path = nil
        datagramIsUnheard = false
    }

    // MARK: On a disk

    /// nil for bytes that were not written by `saved`; a ticket in them is looked at when it is used.
    init?(saved bytes: [UInt8]) {
        var buffer = ByteBuffer(bytes: bytes)
        guard buffer.readInteger(as: UInt8.self) == Self.format,
            let smoothed = buffer.readInteger(as: Int64.self), let variation = buffer.readInteger(as: Int64.self),
            let loss = buffer.readInteger(as: UInt64.self), let rung = buffer.readInteger(as: UInt8.self),
            let limit = buffer.readInteger(as: UInt8.self), let unheard = buffer.readInteger(as: UInt8.self),
            let receivedAt = buffer.readInteger(as: Int64.self),
            let length = buffer.readInteger(as: UInt16.self), let ticket = buffer.readBytes(length: Int(length))
        else { return nil }
        let path = PathMemory(
            smoothedRTT: .nanoseconds(smoothed), rttVariation: .nanoseconds(variation),
            lossRate: Double(bitPattern: loss),
            keepAlive: limit == 0 ? nil : KeepAliveMemory(rung: rung, limit: limit))
        if path.isPlausible { self.path = path }
        datagramIsUnheard = unheard == 1
        if let ticket = ResumptionTicket(bytes: ticket) { kept = Kept(ticket: ticket, receivedAt: receivedAt) }
    }

    var saved: [UInt8] {
        var buffer = ByteBuffer()
        buffer.writeInteger(Self.format)
        buffer.writeInteger(path?.smoothedRTT.nanoseconds ?? 0)
        buffer.writeInteger(path?.rttVariation.nanoseconds ?? 0)
        buffer.writeInteger((path?.lossRate ?? 0).bitPattern)
        buffer.writeInteger(path?.keepAlive?.rung ?? 0)
        buffer.writeInteger(path?.keepAlive?.limit ?? 0)
        buffer.writeInteger(UInt8(datagramIsUnheard ? 1 : 0))
        buffer.writeInteger(kept?.receivedAt ?? 0)
        let ticket = kept?.ticket.bytes ?? []
        buffer.writeInteger(UInt16(clamping: ticket.count))
        buffer.writeBytes(ticket)
        return Array(buffer.readableBytesView)
    }
}

/// A ticket that an attempt has taken.
struct TicketInUse {
    let ticket: ResumptionTicket
    fileprivate let receivedAt: Int64

    func resumption(wallMilliseconds: Int64) -> TLSResumption {
        // A clock that was set back makes an age of zero; the server then refuses early data, no more.
        TLSResumption(
            ticket: ticket, age: .milliseconds(max(0, min(wallMilliseconds - receivedAt, 1_000_000_000_000))))
    }

    fileprivate init(ticket: ResumptionTicket, receivedAt: Int64) {
        self.ticket = ticket
        self.receivedAt = receivedAt
    }
}
