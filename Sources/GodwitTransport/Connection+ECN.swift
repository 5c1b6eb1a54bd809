import GodwitWire

extension Connection {
    /// Bulk is what fills queues: with less than this waiting, packets are not marked.
    private static let bulkBytes = 16 * 1024

    /// Decides on the mark of the datagram that is being written, when it carries data.
    func markBulk(hasData: Bool) {
        if recovery.probeTimer.firedCount >= BlackHole.timeouts { return recovery.ecn.doubt() }
        guard hasData, !hasInitialSpace, outgoing.queuedBytes >= Self.bulkBytes, recovery.ecn.wantsMark else {
            return
        }
        transmitMark = .capable0
        recovery.ecn.sentMarked(application.sent.nextNumber)
    }
}
