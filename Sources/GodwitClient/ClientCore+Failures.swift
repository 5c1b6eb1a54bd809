import GodwitWire
import NIOCore

/// Failures that the server did not see, told at the next opening.
extension ClientCore {
    func reportFailures() {
        guard !ledger.isEmpty else { return }
        let told = ledger
        ledger = FailureLedger()
        var body = ByteBuffer()
        told.report(wallMilliseconds: WallClock.milliseconds()).encode(into: &body)
        let request = ClientRequest(
            command: Command.report.rawValue, body: body, timeout: configuration.requestTimeout, replay: .fail)
        let loop = NIOLoopBound(self, eventLoop: eventLoop)
        send(request) { result in
            // A refusal is an answer: telling the same again would not help.
            if case .failure = result { loop.value.ledger.merge(told) }
            loop.value.saveFailures()
        }
    }

    func saveFailures() {
        let encoded = ledger.encoded(wallMilliseconds: WallClock.milliseconds())
        guard encoded != saved.failures else { return }
        saved.failures = encoded
        emit(.save(saved))
    }
}
