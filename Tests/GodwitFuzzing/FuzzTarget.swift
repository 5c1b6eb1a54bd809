import Bitcask
import GodwitSession
import GodwitTransport
import GodwitWire
import NIOCore

/// The decoders that bytes from outside reach. `run` returns on bad input and stops the process when a decoder traps, or when what it
/// read does not survive being written and read again.
package enum FuzzTarget: String, CaseIterable, Sendable {
    /// A packet's header, as it lies in a datagram.
    case packet
    /// A packet's payload.
    case frame
    /// Frames of messages, given to an end that puts messages together.
    case message
    /// A session envelope, and one as a framed stream in pieces.
    case envelope
    /// A client's report of failures.
    case report
    /// The opening of a tunnel, and a tunnel's frame given to one end of it.
    case tunnel
    /// A payload inside a correctly protected first packet, given to a server endpoint: frames, acks and TLS records of a stranger.
    case initial
    /// MESSAGE and REPAIR frames of a peer, given to the messages on their way in.
    case repair
    /// Payloads inside packets of a peer that has completed its handshake, or has a ticket.
    case peer
    /// Datagrams as they are, given to a server endpoint.
    case datagram
    /// A record of the store, its checksums mended.
    case record
    /// The header of a store's data file.
    case header
    /// A store's hint file.
    case hint
    /// A store's newest log, which is opened, merged and read.
    case log

    package func run(_ bytes: [UInt8]) {
        switch self {
        case .packet: Self.packet(bytes)
        case .frame: Self.frame(bytes)
        case .message: MessagesUnderFuzz.run(bytes)
        case .envelope: Self.envelope(bytes)
        case .report: Self.report(bytes)
        case .tunnel: TunnelUnderFuzz.run(bytes)
        case .initial: EndpointUnderFuzz.initial(payload: bytes)
        case .repair: RepairUnderFuzz.run(bytes)
        case .peer: PeerUnderFuzz.run(bytes)
        case .datagram: EndpointUnderFuzz.datagram(bytes)
        case .record: DecoderChecks.record(bytes)
        case .header: DecoderChecks.header(bytes)
        case .hint: DecoderChecks.hint(bytes)
        case .log: StoreUnderFuzz.log(bytes)
        }
    }

    private static func packet(_ bytes: [UInt8]) {
        var buffer = ByteBuffer(bytes: bytes)
        guard let header = try? PacketHeader.decode(from: &buffer, shortDestinationLength: 8) else { return }
        var encoded = ByteBuffer()
        switch header {
        case .initial(let initial) where initial.length < 1 << 14: initial.encode(into: &encoded, numberLength: 1)
        case .zeroRTT(let early) where early.length < 1 << 14:
            early.encode(into: &encoded, numberLength: 1, type: PacketHeader.LongType.zeroRTT)
        case .versionNegotiation(let negotiation): negotiation.encode(into: &encoded)
        case .retry(let retry): retry.encode(into: &encoded)
        case .initial, .zeroRTT, .short: return
        }
        // These headers promise bytes that their codec does not write.
        switch header {
        case .initial(let header), .zeroRTT(let header): encoded.writeRepeatingByte(0, count: header.length)
        case .short, .versionNegotiation, .retry: break
        }
        let again = try? PacketHeader.decode(from: &encoded, shortDestinationLength: 8)
        precondition(again == header, "\(header) became \(String(describing: again))")
    }

    private static func frame(_ bytes: [UInt8]) {
        var buffer = ByteBuffer(bytes: bytes)
        guard let frames = try? Frame.decodeAll(from: &buffer) else { return }
        for frame in frames {
            var encoded = ByteBuffer()
            frame.encode(into: &encoded)
            let bytes = encoded
            guard let again = try? Frame.decode(from: &encoded), encoded.readableBytes == 0 else {
                preconditionFailure("\(frame) can't be read again")
            }
            // Bytes, not values: a close reason that is no UTF-8 or too long is mended when it is written.
            var second = ByteBuffer()
            again.encode(into: &second)
            precondition(second == bytes, "\(frame) became \(again)")
        }
    }

    private static func envelope(_ bytes: [UInt8]) {
        if let envelope = try? Envelope(decoding: ByteBuffer(bytes: bytes)) {
            var encoded = ByteBuffer()
            envelope.encode(into: &encoded)
            let again = try? Envelope(decoding: encoded)
            precondition(again == envelope, "\(envelope) became \(String(describing: again))")
        }
        // The first byte says how the rest is cut.
        var decoder = StreamFrameDecoder(limit: 4096)
        let step = max(1, Int(bytes.first ?? 1))
        for start in stride(from: min(1, bytes.count), to: bytes.count, by: step) {
            decoder.receive(ByteBuffer(bytes: bytes[start..<min(start + step, bytes.count)]))
            do {
                while let envelope = try decoder.next() { precondition(envelope.readableBytes <= 4096) }
            } catch {
                return
            }
        }
    }

    private static func report(_ bytes: [UInt8]) {
        guard let report = try? ClientReport(decoding: ByteBuffer(bytes: bytes)) else { return }
        var encoded = ByteBuffer()
        report.encode(into: &encoded)
        let again = try? ClientReport(decoding: encoded)
        precondition(again == report, "\(report) became \(String(describing: again))")
    }
}
