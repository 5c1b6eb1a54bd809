import GodwitWire

/// What all connections of an endpoint are lent.
final class ConnectionLender {
    let configuration: TransportConfiguration
    let random: RandomSource
    let workspace = Workspace()
    let issuer: ConnectionIDIssuer

    init(configuration: TransportConfiguration, random: RandomSource, issuer: ConnectionIDIssuer) {
        self.configuration = configuration
        self.random = random
        self.issuer = issuer
    }
}
