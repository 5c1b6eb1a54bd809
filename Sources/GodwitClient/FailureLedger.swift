import GodwitWire
import NIOCore

/// Failures that the server could not see, kept until it can be told: one count for each kind of failure, so the ledger
/// is bounded by the number of kinds. Times are in milliseconds since 1970, because the ledger outlives the process.
struct FailureLedger: Equatable {
    private struct Key: Hashable {
        let kind: ClientReport.Kind
        let carrier: CarrierKind
        let phase: ClientReport.Phase
        let result: ClientReport.Result
    }

    private struct Tally: Equatable {
        var count: UInt32
        var oldestMilliseconds: Int64
    }

    private var tallies: [Key: Tally] = [:]

    init() {}

    var isEmpty: Bool { tallies.isEmpty }

    mutating func recordAttempt(
        _ carrier: CarrierKind, phase: AttemptPhase, failure: AttemptFailure, wallMilliseconds: Int64
    ) {
        let reportPhase: ClientReport.Phase =
            switch phase {
            case .connect: .connect
            case .handshake: .tls
            case .ready, .opening, .open: .session
            }
        let key = Key(
            kind: .attempt, carrier: carrier, phase: reportPhase, result: .init(failure, on: carrier))
        add(Tally(count: 1, oldestMilliseconds: wallMilliseconds), to: key)
    }

    /// A request that never reached the server and whose time is up.
    mutating func recordTask(_ carrier: CarrierKind, wallMilliseconds: Int64) {
        let key = Key(kind: .task, carrier: carrier, phase: .request, result: .requestTimedOut)
        add(Tally(count: 1, oldestMilliseconds: wallMilliseconds), to: key)
    }

    /// Takes back what could not be delivered.
    mutating func merge(_ other: FailureLedger) {
        for (key, tally) in other.tallies { add(tally, to: key) }
    }

    private mutating func add(_ tally: Tally, to key: Key) {
        guard let present = tallies[key] else {
            tallies[key] = tally
            return
        }
        let (sum, overflow) = present.count.addingReportingOverflow(tally.count)
        tallies[key] = Tally(
            count: overflow ? .max : sum,
            oldestMilliseconds: min(present.oldestMilliseconds, tally.oldestMilliseconds))
    }

    /// What the server is told.
    func report(wallMilliseconds: Int64) -> ClientReport {
        let entries = tallies.map { key, tally in
            ClientReport.Entry(
                kind: key.kind, carrier: key.carrier, phase: key.phase, result: key.result, count: tally.count,
                ageSeconds: UInt32(clamping: (wallMilliseconds - tally.oldestMilliseconds) / 1_000))
        }
        return ClientReport(entries: Array(entries.sorted { $0.count > $1.count }.prefix(ClientReport.entryLimit)))
    }

    // MARK: On disk: the time of writing, then the report as of then

    func encoded(wallMilliseconds: Int64) -> [UInt8]? {
        guard !isEmpty else { return nil }
        var buffer = ByteBuffer()
        buffer.writeInteger(wallMilliseconds)
        report(wallMilliseconds: wallMilliseconds).encode(into: &buffer)
        return Array(buffer.readableBytesView)
    }

    /// Unreadable bytes give an empty ledger: figures are not worth refusing to start for.
    init(decoding bytes: [UInt8]) {
        var buffer = ByteBuffer(bytes: bytes)
        guard let written = buffer.readInteger(as: Int64.self), (0...4_102_444_800_000).contains(written),
            let report = try? ClientReport(decoding: buffer)
        else { return }
        for entry in report.entries {
            let key = Key(kind: entry.kind, carrier: entry.carrier, phase: entry.phase, result: entry.result)
            add(Tally(count: entry.count, oldestMilliseconds: written - Int64(entry.ageSeconds) * 1_000), to: key)
        }
    }
}

extension ClientReport.Result {
    init(_ failure: AttemptFailure, on carrier: CarrierKind) {
        self =
            switch failure {
            case .timedOut: carrier == .datagram ? .udpTimedOut : .tcpTimedOut
            case .refused: carrier == .datagram ? .udpRefused : .tcpRefused
            case .unreachable: .networkUnreachable
            case .nameNotResolved: .nameNotResolved
            case .pinMismatch: .tlsPinMismatch
            case .tls: .tlsFailed
            case .rejected: .sessionRejected
            case .lost: .carrierLost
            case .protocolViolation: .other
            }
    }
}
