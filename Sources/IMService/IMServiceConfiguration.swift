/// Settings of the core, with defaults for a server of a few cores.
package struct IMServiceConfiguration: Sendable {
    /// Where accounts, timelines and keys live. Made when missing.
    package var directory: String
    /// Writer threads, each with its own files; fixed when the directory is first made. 1 to 64.
    package var shardCount: Int
    /// Cost of a password hash.
    package var passwordCost = PasswordCost.standard
    /// Threads that hash passwords. 1 to 64.
    package var passwordThreads = 2
    /// Logins that wait for such a thread; more are answered `overloaded`.
    package var passwordQueueMax = 256
    /// Requests under way in the whole core; more are answered `overloaded`.
    package var requestsMax = 16_384
    /// Life of a token in seconds: 30 days.
    package var tokenLifeSeconds: Int64 = 30 * 24 * 3600
    /// Devices that an account remembers; the one unseen longest is forgotten first.
    package var devicesPerUserMax = 32
    /// Sessions of one user that hear notifies.
    package var sessionsPerUserMax = 64

    /// Wall time in milliseconds since 1970, for stored times, tokens and ids.
    package var clock: @Sendable () -> UInt64 = WallClock.milliseconds

    package init(directory: String, shardCount: Int = 4) {
        self.directory = directory
        self.shardCount = shardCount
    }
}
