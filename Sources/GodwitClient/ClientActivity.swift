import NIOCore

/// Whether somebody is looking: how soon a silent client must learn that the server can no longer reach it.
public enum ClientActivity: Sendable, Equatable {
    /// The application is on the screen: silence lasts 25 s at most.
    case foreground
    /// Nobody is looking: silence lasts as long as the network lets the server reach us after it, found out step by step up to several
    /// minutes, so that the radio sleeps.
    case background

    /// The longest silence on datagram, nil for what the network allows.
    var datagramSilence: TimeAmount? {
        switch self {
        case .foreground: .seconds(25)
        case .background: nil
        }
    }

    /// The same on stream. Translators keep TCP connections for much longer than UDP's bindings (RFC 5382 asks for two hours), some
    /// for only five minutes.
    var streamSilence: TimeAmount {
        switch self {
        case .foreground: .seconds(25)
        case .background: .minutes(4)
        }
    }
}
