import GodwitSession
import GodwitWire
import NIOCore

/// Failures that the server did not see, told once the session is open: those from before its opening, and those of
/// attempts beside it, such as datagram where UDP is blocked.
extension ClientCore {
    /// Between two reports; the server refuses a second one within a second.
    static let reportInterval: TimeAmount = .seconds(2)

    /// When the next report may go, nil when there is nothing to tell or nobody to tell it to.
    var reportDue: NIODeadline? {
        guard !ledger.isEmpty, session.isOpen, !isReporting else { return nil }
        return reportedAt.map { $0 + Self.reportInterval } ?? .uptimeNanoseconds(0)
    }

    func reportIfDue(now: NIODeadline) {
        guard let due = reportDue, due <= now else { return }
        let told = ledger
        ledger = FailureLedger()
        reportedAt = now
        isReporting = true
        var body = ByteBuffer()
        told.report(wallMilliseconds: WallClock.milliseconds()).encode(into: &body)
        let request = ClientRequest(
            command: Command.report.rawValue, body: body, timeout: configuration.requestTimeout, replay: .fail)
        let loop = NIOLoopBound(self, eventLoop: eventLoop)
        send(request) { result in
            let core = loop.value
            core.isReporting = false
            if !Self.isTaken(result) { core.ledger.merge(told) }
            core.saveFailures()
            core.pump()
        }
    }

    /// Another refusal than "later" is an answer as well: telling the same again would not help.
    private static func isTaken(_ result: Result<Response, ClientError>) -> Bool {
        switch result {
        case .success(let response): Status(rawValue: response.status)?.isTransient != true
        case .failure: false
        }
    }

    func saveFailures() {
        let encoded = ledger.encoded(wallMilliseconds: WallClock.milliseconds())
        guard encoded != saved.failures else { return }
        saved.failures = encoded
        emit(.save(saved))
    }
}
