/// What the loop that owns a carrier knows of the session on it.
enum CarrierBinding {
    /// Nothing was opened yet: the next envelope must be an OPEN.
    case unopened
    /// The session lives on this loop.
    case local(BoundSession)
    /// The session lives on that loop, or is being opened there.
    case forwarded(UInt8)
    /// Closed, or being closed: whatever comes is ignored.
    case over
}
