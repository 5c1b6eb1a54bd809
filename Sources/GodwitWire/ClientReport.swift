import NIOCore

/// What went wrong where the server could not see it: sent with the client's next successful connection, and counted
/// into the success rates.
///
///     version      u8       1
///     count        varint   0...256 entries
///     entry:
///       kind       u8       0 attempt, 1 task
///       carrier    u8       `CarrierKind`
///       phase      u8       0 connect, 1 tls, 2 session, 3 request
///       result     u8       `ClientReport.Result`; an unknown number is kept as `other`
///       count      varint   times it happened, ≥ 1, ≤ 2^32-1
///       age        varint   seconds since the oldest of them, ≤ 2^32-1
package struct ClientReport: Hashable, Sendable {
    package static let version: UInt8 = 1
    package static let entryLimit = 256

    package enum Kind: UInt8, Hashable, Sendable, CaseIterable {
        /// One try on one carrier.
        case attempt = 0
        /// What the user wanted, after retries and fallbacks.
        case task = 1
    }

    package enum Phase: UInt8, Hashable, Sendable, CaseIterable {
        case connect = 0
        case tls = 1
        case session = 2
        case request = 3

        package var name: String {
            switch self {
            case .connect: "connect"
            case .tls: "tls"
            case .session: "session"
            case .request: "request"
            }
        }
    }

    package enum Result: UInt8, Hashable, Sendable, CaseIterable {
        case other = 0
        case udpTimedOut = 1
        case tcpRefused = 2
        case tcpTimedOut = 3
        case tlsFailed = 4
        case tlsPinMismatch = 5
        case sessionRejected = 6
        case requestTimedOut = 7
        case carrierLost = 8
        case nameNotResolved = 9
        case networkUnreachable = 10
        case udpRefused = 11

        /// As in metrics labels.
        package var name: String {
            switch self {
            case .other: "other"
            case .udpTimedOut: "udp.timed_out"
            case .tcpRefused: "tcp.refused"
            case .tcpTimedOut: "tcp.timed_out"
            case .tlsFailed: "tls.failed"
            case .tlsPinMismatch: "tls.pin_mismatch"
            case .sessionRejected: "session.rejected"
            case .requestTimedOut: "request.timed_out"
            case .carrierLost: "carrier.lost"
            case .nameNotResolved: "name.not_resolved"
            case .networkUnreachable: "network.unreachable"
            case .udpRefused: "udp.refused"
            }
        }
    }

    package struct Entry: Hashable, Sendable {
        package var kind: Kind
        package var carrier: CarrierKind
        package var phase: Phase
        package var result: Result
        package var count: UInt32
        package var ageSeconds: UInt32

        package init(
            kind: Kind, carrier: CarrierKind, phase: Phase, result: Result, count: UInt32, ageSeconds: UInt32
        ) {
            self.kind = kind
            self.carrier = carrier
            self.phase = phase
            self.result = result
            self.count = count
            self.ageSeconds = ageSeconds
        }
    }

    package var entries: [Entry]

    package init(entries: [Entry]) { self.entries = entries }

    package init(decoding bytes: ByteBuffer) throws(EnvelopeError) {
        var buffer = bytes
        let version: UInt8 = try buffer.readEnvelopeFixed("version")
        guard version == Self.version else { throw .invalid(field: "version", value: UInt64(version)) }
        let count = try buffer.readEnvelopeInteger("count")
        guard count <= UInt64(Self.entryLimit) else { throw .invalid(field: "count", value: count) }
        entries = []
        entries.reserveCapacity(Int(count))
        for _ in 0..<count { entries.append(try Entry(decoding: &buffer)) }
        try buffer.requireEnd()
    }

    /// Writes the first 256 entries.
    package func encode(into buffer: inout ByteBuffer) {
        let named = entries.prefix(Self.entryLimit)
        buffer.writeInteger(Self.version)
        buffer.writeEnvelopeInteger(UInt64(named.count))
        for entry in named { entry.encode(into: &buffer) }
    }
}

extension ClientReport.Entry {
    fileprivate init(decoding buffer: inout ByteBuffer) throws(EnvelopeError) {
        let kindCode: UInt8 = try buffer.readEnvelopeFixed("kind")
        guard let kind = ClientReport.Kind(rawValue: kindCode) else {
            throw .invalid(field: "kind", value: UInt64(kindCode))
        }
        let carrierCode: UInt8 = try buffer.readEnvelopeFixed("carrier")
        guard let carrier = CarrierKind(rawValue: carrierCode) else {
            throw .invalid(field: "carrier", value: UInt64(carrierCode))
        }
        let phaseCode: UInt8 = try buffer.readEnvelopeFixed("phase")
        guard let phase = ClientReport.Phase(rawValue: phaseCode) else {
            throw .invalid(field: "phase", value: UInt64(phaseCode))
        }
        let resultCode: UInt8 = try buffer.readEnvelopeFixed("result")
        let result = ClientReport.Result(rawValue: resultCode) ?? .other
        let count = try buffer.readEnvelopeInteger32("count")
        guard count >= 1 else { throw .invalid(field: "count", value: 0) }
        self.init(
            kind: kind, carrier: carrier, phase: phase, result: result, count: count,
            ageSeconds: try buffer.readEnvelopeInteger32("age"))
    }

    fileprivate func encode(into buffer: inout ByteBuffer) {
        buffer.writeMultipleIntegers(kind.rawValue, carrier.rawValue, phase.rawValue, result.rawValue)
        buffer.writeEnvelopeInteger(UInt64(max(count, 1)))
        buffer.writeEnvelopeInteger(UInt64(ageSeconds))
    }
}
