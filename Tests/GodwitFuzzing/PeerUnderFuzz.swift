import GodwitTLS
import GodwitTransport
import GodwitWire
import NIOCore

/// Authentic packets with any payload: what a client may send that has completed its handshake, as anyone can; what a server may send
/// to its client; and what goes under a ticket's keys.
///
/// The first byte of the input chooses among the three. Then come packets: a byte for the payload's length, a byte of which the high
/// half is how many numbers are left out and the low half how often the victim's timers run afterwards, and the payload.
enum PeerUnderFuzz {
    static func run(_ bytes: [UInt8]) {
        var input = ByteBuffer(bytes: bytes)
        guard let choice = input.readInteger(as: UInt8.self) else { return }
        let pair = FuzzPair()
        switch choice % 3 {
        case 0:
            pair.connect()
            attack({ pair.server }, from: FuzzPair.clientAddress, by: pair.client, pair, &input)
        case 1:
            pair.connect()
            attack({ pair.client }, from: FuzzPair.serverAddress, by: pair.server, pair, &input)
        default:
            pair.connect()
            let known = FuzzPair(ticket: pair.ticket, now: pair.now + .seconds(1))
            known.beginWithEarlyData()
            attack({ known.server }, from: FuzzPair.clientAddress, by: known.client, known, &input)
        }
    }

    private static func attack(
        _ victim: () -> Connection?, from source: Address, by attacker: Connection?, _ pair: FuzzPair,
        _ input: inout ByteBuffer
    ) {
        guard let attacker else { preconditionFailure("no connection") }
        var now = pair.now
        var ahead: UInt64 = 0
        while let length = input.readInteger(as: UInt8.self), let control = input.readInteger(as: UInt8.self),
            let payload = input.readBytes(length: min(Int(length), input.readableBytes))
        {
            ahead += UInt64(control >> 4)
            guard let datagram = attacker.forge(payload, ahead: ahead) else { preconditionFailure("no keys") }
            ahead += 1
            // A server's may have rested since the last packet.
            guard let victim = victim() else { preconditionFailure("no connection") }
            victim.receive(datagram, from: source, now: now)
            settle(victim, now: now)
            for _ in 0..<(control & 15) {
                guard let next = victim.pollTimeout() else { break }
                now = max(now, next)
                victim.handleTimeout(now: now)
                settle(victim, now: now)
            }
            pair.restServer()
        }
    }

    /// The victim's application takes what has come and answers some of it; what it sends is lost.
    private static func settle(_ victim: Connection, now: NIODeadline) {
        while let event = victim.pollEvent() {
            if case .message(let message) = event { _ = try? victim.send(message, now: now) }
        }
        var scratch = ByteBuffer()
        var datagrams = 0
        while victim.pollTransmit(now: now, into: &scratch) != nil {
            datagrams += 1
            precondition(datagrams < 10_000, "sends without end")
        }
    }
}
