import GodwitTLS
import GodwitWire

/// Makes the connection IDs of one event loop and the tokens that go with them, and tells whose an ID is. One for all connections of
/// the loop.
///
/// The first byte of an ID's nonce is the index of the loop, so that no two loops make the same ID, and a packet that the kernel
/// gave to another loop, as after a change of address, finds its connection.
final class ConnectionIDIssuer {
    /// Bytes of every ID.
    let idLength: Int

    private let loopIndex: UInt8
    private let random: RandomSource
    private let codec: RoutableID
    private let serverID: [UInt8]
    private let nonceLength: Int
    private let resetKey: [UInt8]
    private let loopKey: [UInt8]

    init(loopIndex: UInt8, identity: EndpointIdentity, random: RandomSource) throws(TransportError) {
        self.loopIndex = loopIndex
        self.random = random
        let routing: ConnectionIDRouting
        let made: RoutableID?
        do throws(TLSError) {
            resetKey = try identity.key(.statelessReset)
            loopKey = try identity.key(.loopIndex)
            if let known = identity.routing {
                routing = known
            } else {
                routing = .unroutable(key: try identity.key(.connectionID))
            }
            made = try RoutableID(
                rotation: routing.rotation, serverIDLength: routing.serverID.count, nonceLength: routing.nonceLength,
                key: routing.key)
        } catch {
            throw .tls(error)
        }
        guard let made, routing.nonceLength >= ConnectionIDRouting.nonceLengthMin else {
            throw .invalidConfiguration(
                "a server ID of \(routing.serverID.count) and a nonce of \(routing.nonceLength) bytes make no connection ID"
            )
        }
        guard ![ProtocolLimits.clientChosenIDLength, AddressTokens.length].contains(made.idLength) else {
            throw .invalidConfiguration(
                "server ID and nonce have 15 or 19 bytes together: IDs must not be as long as those that clients choose"
            )
        }
        serverID = routing.serverID
        nonceLength = routing.nonceLength
        codec = made
        idLength = made.idLength
    }

    func makeID() -> ConnectionID {
        var nonce = [loopIndex] + random.bytes(nonceLength - 1)
        nonce[0] ^= loopMask(nonce.dropFirst())
        let id = codec.encode(serverID: serverID, nonce: nonce)
        // A cipher that failed would make every connection unroutable, not unusable.
        return id ?? ConnectionID(random.bytes(idLength)) ?? .empty
    }

    enum Home: Equatable {
        case loop(UInt8)
        /// The load balancer is of another opinion than we.
        case otherServer
        /// Not made by this configuration.
        case unknown
    }

    /// Who made an ID.
    func home(of id: ConnectionID) -> Home {
        guard let parts = codec.decode(id), let first = parts.nonce.first else { return .unknown }
        guard parts.serverID.elementsEqual(serverID) else { return .otherServer }
        return .loop(first ^ loopMask(parts.nonce.dropFirst()))
    }

    /// The token of an ID that this server has issued in any of its lives (RFC 9000 §10.3.2).
    func resetToken(for id: ConnectionID) -> StatelessResetToken {
        let code = try? KeyDerivation.hmacSHA256(key: resetKey, message: id.bytes)
        // Without a token that fits, the client waits for its idle timeout.
        return code.flatMap { StatelessResetToken($0.prefix(StatelessResetToken.length)) }
            ?? StatelessResetToken(high: random.next(), low: random.next())
    }

    /// Hides the loop's index where the nonce can be read (draft-ietf-quic-load-balancers-21 §7.2).
    private func loopMask(_ rest: ArraySlice<UInt8>) -> UInt8 {
        guard !codec.isEncrypted else { return 0 }
        return (try? KeyDerivation.hmacSHA256(key: loopKey, message: Array(rest)))?.first ?? 0
    }
}
