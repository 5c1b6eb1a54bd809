import GodwitTLS
import GodwitWire

/// Makes the connection IDs of one event loop and the tokens that go with them. One for all connections of the loop.
final class ConnectionIDIssuer {
    private let loopIndex: UInt8
    private let random: RandomSource
    private let resetKey: [UInt8]

    init(loopIndex: UInt8, identity: EndpointIdentity, random: RandomSource) throws(TLSError) {
        self.loopIndex = loopIndex
        self.random = random
        resetKey = try identity.key(.statelessReset)
    }

    func makeID() -> ConnectionID { ConnectionID(loopIndex: loopIndex, random: random) }

    /// The token of an ID that this server has issued in any of its lives (RFC 9000 §10.3.2).
    func resetToken(for id: ConnectionID) -> StatelessResetToken {
        let code = try? KeyDerivation.hmacSHA256(key: resetKey, message: id.bytes)
        // Without a token that fits, the client waits for its idle timeout.
        return code.flatMap { StatelessResetToken($0.prefix(StatelessResetToken.length)) }
            ?? StatelessResetToken(high: random.next(), low: random.next())
    }
}
