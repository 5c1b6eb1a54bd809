/// Which carriers a client may use.
public enum CarrierPreference: String, Sendable, CaseIterable {
    /// Datagram first; the stream carrier joins the race when the datagram session is slow to open.
    case auto
    /// UDP only.
    case datagram
    /// TLS on TCP only.
    case stream
}
