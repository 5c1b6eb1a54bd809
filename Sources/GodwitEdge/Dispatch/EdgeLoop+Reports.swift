import GodwitMetrics
import GodwitSession
import GodwitWire
import NIOCore

/// What clients report of tries that never arrived here. Anyone can write one, so each has little weight.
extension EdgeLoop {
    func takeReport(_ message: IncomingMessage, of bound: BoundSession, now: NIODeadline) {
        let command = Command.report.rawValue
        if let last = bound.lastReport, now - last < LoopLimits.reportInterval {
            metrics.shared.clientReportsDropped.child("too_often").increment()
            answer(message.id, .overloaded, "a report came just before; collect more first", command, bound, now)
            return
        }
        do throws(EnvelopeError) {
            let report = try ClientReport(decoding: message.body)
            bound.lastReport = now
            metrics.shared.clientReports.child().increment()
            for entry in report.entries { count(entry, now: now) }
            if let oldest = report.entries.map(\.ageSeconds).max() {
                metrics.shared.clientReportAge.child().observe(Double(oldest))
            }
            respond(to: message.id, .ok, ByteBuffer(), command, bound, now)
        } catch {
            metrics.shared.clientReportsDropped.child("malformed").increment()
            answer(message.id, .badRequest, "the report cannot be read: \(error)", command, bound, now)
        }
    }

    private func count(_ entry: ClientReport.Entry, now: NIODeadline) {
        let count = min(Int(entry.count), LoopLimits.reportedCountMax)
        if count < Int(entry.count) { metrics.shared.clientReportsDropped.child("count_capped").increment() }
        switch entry.kind {
        case .attempt:
            metrics.shared.clientAttempts.child(
                entry.carrier.name, entry.phase.name, Outcome.failed.name, entry.result.name
            ).increment(by: count)
        case .task:
            metrics.shared.clientTasks.child(Outcome.failed.name, entry.result.name).increment(by: count)
        }
        // Older than the window of the rates: counted above, but no part of the last hour.
        if !metrics.reported(entry, count: count, now: now) {
            metrics.shared.clientReportsDropped.child("too_old").increment()
        }
    }
}
