/// What one cell measured: a line of `lane-K.jsonl`, as `netem/guest/lab.py` writes it.
///
/// Decoding is lenient: unknown keys are ignored, and everything but the names may be absent.
package struct CellRecord: Sendable, Equatable {
    package enum Status: String, Sendable, Codable {
        case ok
        /// The peer has no such capability; `reason` says which.
        case unsupported
        case failed
    }

    package struct Wire: Sendable, Equatable, Codable {
        package var upBytes: Double?
        package var downBytes: Double?
        package var upPackets: Double?
        package var downPackets: Double?

        package init(upBytes: Double? = nil, downBytes: Double? = nil) {
            (self.upBytes, self.downBytes) = (upBytes, downBytes)
        }

        enum CodingKeys: String, CodingKey {
            case upBytes = "up_bytes"
            case downBytes = "down_bytes"
            case upPackets = "up_packets"
            case downPackets = "down_packets"
        }
    }

    package struct CPU: Sendable, Equatable, Codable {
        package var clientSeconds: Double?
        package var serverSeconds: Double?

        package init(clientSeconds: Double? = nil, serverSeconds: Double? = nil) {
            (self.clientSeconds, self.serverSeconds) = (clientSeconds, serverSeconds)
        }

        enum CodingKeys: String, CodingKey {
            case clientSeconds = "client_s"
            case serverSeconds = "server_s"
        }
    }

    package struct Idle: Sendable, Equatable, Codable {
        package var upBytesPerHour: Double?
        package var downBytesPerHour: Double?

        package init(upBytesPerHour: Double, downBytesPerHour: Double) {
            (self.upBytesPerHour, self.downBytesPerHour) = (upBytesPerHour, downBytesPerHour)
        }

        enum CodingKeys: String, CodingKey {
            case upBytesPerHour = "up_bytes_hour"
            case downBytesPerHour = "down_bytes_hour"
        }
    }

    package struct Storm: Sendable, Equatable, Codable {
        /// How many took part.
        package var clients: Int?
    }

    /// How bulk and a rival shared a bottleneck.
    package struct Fairness: Sendable, Equatable, Codable {
        package var rival: String
        /// In bandwidth-delay products.
        package var queue: Double
        package var aloneBitsPerSecond: Double?
        package var ownBitsPerSecond: Double?
        package var rivalBitsPerSecond: Double?
        /// 0 to 1.
        package var share: Double?
        package var jain: Double?

        enum CodingKeys: String, CodingKey {
            case rival, share, jain
            case queue = "queue_bdp"
            case aloneBitsPerSecond = "alone_bps"
            case ownBitsPerSecond = "own_bps"
            case rivalBitsPerSecond = "rival_bps"
        }
    }

    package var id: String
    package var profile: String
    package var scenario: String
    package var peer: String
    package var run = 1
    package var seed: UInt64?
    package var status = Status.ok
    package var reason: String?
    package var startedAt: String?
    package var seconds: Double?
    /// Milliseconds by family (`echo_ms`, `connect_ms`, …); nil is an attempt that never succeeded.
    package var samples: [String: [Double?]] = [:]
    package var sent: Int?
    package var delivered: Int?
    package var duplicates: Int?
    package var orderBreaks: Int?
    package var wire: Wire?
    package var cpu: CPU?
    /// Bits a second.
    package var goodput: Double?
    /// What the silence of an idle cell costs.
    package var idle: Idle?
    package var storm: Storm?
    package var fairness: [Fairness] = []
    package var notes: [String] = []

    package init(profile: String, scenario: String, peer: String, run: Int = 1, status: Status = .ok) {
        id = "\(profile)/\(scenario)/\(peer)#\(run)"
        (self.profile, self.scenario, self.peer, self.run, self.status) = (profile, scenario, peer, run, status)
    }

    /// The cell that this is a run of.
    package var place: String { "\(profile)/\(scenario)/\(peer)" }

    func fairness(in meeting: Figure.Meeting) -> Fairness? {
        fairness.first { $0.rival == meeting.rival && $0.queue == meeting.queue }
    }

    /// A cell that has no figures.
    package init(_ cell: Cell, status: Status, reason: String) {
        self.init(profile: cell.profile, scenario: cell.scenario, peer: cell.peer, run: cell.run, status: status)
        (seed, self.reason) = (cell.seed, reason)
    }
}

extension CellRecord: Codable {
    enum CodingKeys: String, CodingKey {
        case record, id, profile, scenario, peer, run, seed, status, reason, seconds, samples, sent, delivered,
            duplicates
        case wire, cpu, idle, storm, fairness, notes
        case startedAt = "started_at"
        case orderBreaks = "order_breaks"
        case goodput = "goodput_bps"
    }

    package init(from decoder: any Decoder) throws {
        let fields = try decoder.container(keyedBy: CodingKeys.self)
        func optional<Value: Decodable>(_ key: CodingKeys) -> Value? {
            (try? fields.decodeIfPresent(Value.self, forKey: key)) ?? nil
        }
        self.init(
            profile: try fields.decode(String.self, forKey: .profile),
            scenario: try fields.decode(String.self, forKey: .scenario),
            peer: try fields.decode(String.self, forKey: .peer), run: optional(.run) ?? 1,
            status: try fields.decodeIfPresent(Status.self, forKey: .status) ?? .ok)
        id = optional(.id) ?? id
        (seed, reason, startedAt, seconds) = (
            optional(.seed), optional(.reason), optional(.startedAt), optional(.seconds)
        )
        samples = optional(.samples) ?? [:]
        (sent, delivered) = (optional(.sent), optional(.delivered))
        (duplicates, orderBreaks) = (optional(.duplicates), optional(.orderBreaks))
        (wire, cpu, goodput, idle) = (optional(.wire), optional(.cpu), optional(.goodput), optional(.idle))
        (storm, fairness) = (optional(.storm), optional(.fairness) ?? [])
        notes = optional(.notes) ?? []
    }

    package func encode(to encoder: any Encoder) throws {
        var fields = encoder.container(keyedBy: CodingKeys.self)
        try fields.encode("cell", forKey: .record)
        try fields.encode(id, forKey: .id)
        try fields.encode(profile, forKey: .profile)
        try fields.encode(scenario, forKey: .scenario)
        try fields.encode(peer, forKey: .peer)
        try fields.encode(run, forKey: .run)
        try fields.encodeIfPresent(seed, forKey: .seed)
        try fields.encode(status, forKey: .status)
        try fields.encodeIfPresent(reason, forKey: .reason)
        try fields.encodeIfPresent(startedAt, forKey: .startedAt)
        try fields.encodeIfPresent(seconds, forKey: .seconds)
        try fields.encode(samples, forKey: .samples)
        try fields.encodeIfPresent(sent, forKey: .sent)
        try fields.encodeIfPresent(delivered, forKey: .delivered)
        try fields.encodeIfPresent(duplicates, forKey: .duplicates)
        try fields.encodeIfPresent(orderBreaks, forKey: .orderBreaks)
        try fields.encodeIfPresent(wire, forKey: .wire)
        try fields.encodeIfPresent(cpu, forKey: .cpu)
        try fields.encodeIfPresent(goodput, forKey: .goodput)
        try fields.encodeIfPresent(idle, forKey: .idle)
        try fields.encodeIfPresent(storm, forKey: .storm)
        if !fairness.isEmpty { try fields.encode(fairness, forKey: .fairness) }
        try fields.encode(notes, forKey: .notes)
    }
}
