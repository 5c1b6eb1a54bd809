/// Which users of other shards are known to exist, and who waits for an answer about one. Pure; the sending shard's
/// writer owns it.
///
/// All that wait for one recipient go on together and in order, so a lookup never lets one message pass another.
package struct RecipientLookups<Job> {
    /// What to do with a job now.
    package enum Admission: Equatable, Sendable {
        /// The recipient exists: go on.
        case known
        /// The job waits, and the caller asks the recipient's shard.
        case ask
        /// The job waits for an answer that is under way.
        case waits
        /// Too many wait.
        case full
    }

    private let knownMax: Int
    private let waitingMax: Int
    private var known: Set<String> = []
    private var waiting: [String: [Job]] = [:]
    private var waitingCount = 0
    private var resolved: [String: [Job]] = [:]

    package init(knownMax: Int = 16_384, waitingMax: Int = 16_384) {
        self.knownMax = knownMax
        self.waitingMax = waitingMax
    }

    package mutating func admit(_ job: Job, for recipient: String) -> Admission {
        if known.contains(recipient) { return .known }
        guard waitingCount < waitingMax else { return .full }
        waitingCount += 1
        guard waiting[recipient] != nil else {
            waiting[recipient] = [job]
            return .ask
        }
        waiting[recipient]?.append(job)
        return .waits
    }

    /// The answer is here: the next jobs that waited, to be gone on with at once, at most `max`. They stay in memory until
    /// `take`. While there are `more`, later jobs wait behind them; call again.
    package mutating func resolve(_ recipient: String, exists: Bool, max: Int) -> (jobs: [Job], more: Bool) {
        let all = waiting.removeValue(forKey: recipient) ?? []
        let jobs = Array(all.prefix(max))
        waitingCount -= jobs.count
        resolved[recipient, default: []] += jobs
        guard jobs.count == all.count else {
            waiting[recipient] = Array(all.dropFirst(max))
            return (jobs, true)
        }
        if exists {
            // Accounts are never deleted, so an entry cannot become wrong, only superfluous.
            if known.count >= knownMax, let any = known.first { known.remove(any) }
            known.insert(recipient)
        }
        return (jobs, false)
    }

    /// The jobs of the last `resolve`, which are now answered.
    package mutating func take(_ recipient: String) -> [Job] {
        resolved.removeValue(forKey: recipient) ?? []
    }

    /// No answer will come: all that wait for this recipient, to be refused.
    package mutating func abandon(_ recipient: String) -> [Job] {
        let jobs = waiting.removeValue(forKey: recipient) ?? []
        waitingCount -= jobs.count
        return take(recipient) + jobs
    }
}
