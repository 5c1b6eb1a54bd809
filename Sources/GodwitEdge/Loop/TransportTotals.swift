import GodwitTransport

/// What the transports of many datagram connections did together; addable.
struct TransportTotals: Sendable {
    var packetsLost = 0
    var probes = 0
    var keepAlivesSent = 0
    var congestionMarks = 0
    var ecnPathsCapable = 0
    var ecnPathsFailed = 0
    var keyUpdatesStarted = 0
    var keyUpdatesFollowed = 0
    var mtuProbes = 0
    var blackHoles = 0
    var copiesSent = 0
    var copyBytesSent = 0
    var messagesSavedByCopies = 0
    var datagramsSavedByCopies = 0
    var repairsSent = 0
    var repairBytesSent = 0
    var messagesSavedByRepair = 0
    var messagesRecovered = 0
    var messagesCancelled = 0
    var messagesLate = 0
    var messagesGivenUpByPeer = 0

    mutating func add(_ connection: ConnectionStatistics) {
        packetsLost += Int(clamping: connection.packetsLost)
        probes += Int(clamping: connection.probes)
        keepAlivesSent += Int(clamping: connection.keepAlivesSent)
        congestionMarks += Int(clamping: connection.congestionMarks)
        ecnPathsCapable += Int(clamping: connection.ecnPathsCapable)
        ecnPathsFailed += Int(clamping: connection.ecnPathsFailed)
        keyUpdatesStarted += Int(clamping: connection.keyUpdatesStarted)
        keyUpdatesFollowed += Int(clamping: connection.keyUpdatesFollowed)
        mtuProbes += Int(clamping: connection.mtuProbes)
        blackHoles += Int(clamping: connection.blackHoles)
        copiesSent += Int(clamping: connection.copiesSent)
        copyBytesSent += Int(clamping: connection.copyBytesSent)
        messagesSavedByCopies += Int(clamping: connection.messagesSavedByCopies)
        datagramsSavedByCopies += Int(clamping: connection.unreliableSavedByCopies)
        repairsSent += Int(clamping: connection.repairsSent)
        repairBytesSent += Int(clamping: connection.repairBytesSent)
        messagesSavedByRepair += Int(clamping: connection.messagesSavedByRepair)
        messagesRecovered += Int(clamping: connection.messagesRecovered)
        messagesCancelled += Int(clamping: connection.messagesCancelled)
        messagesLate += Int(clamping: connection.messagesLate)
        messagesGivenUpByPeer += Int(clamping: connection.messagesGivenUpByPeer)
    }

    static func += (left: inout TransportTotals, right: TransportTotals) {
        left.packetsLost += right.packetsLost
        left.probes += right.probes
        left.keepAlivesSent += right.keepAlivesSent
        left.congestionMarks += right.congestionMarks
        left.ecnPathsCapable += right.ecnPathsCapable
        left.ecnPathsFailed += right.ecnPathsFailed
        left.keyUpdatesStarted += right.keyUpdatesStarted
        left.keyUpdatesFollowed += right.keyUpdatesFollowed
        left.mtuProbes += right.mtuProbes
        left.blackHoles += right.blackHoles
        left.copiesSent += right.copiesSent
        left.copyBytesSent += right.copyBytesSent
        left.messagesSavedByCopies += right.messagesSavedByCopies
        left.datagramsSavedByCopies += right.datagramsSavedByCopies
        left.repairsSent += right.repairsSent
        left.repairBytesSent += right.repairBytesSent
        left.messagesSavedByRepair += right.messagesSavedByRepair
        left.messagesRecovered += right.messagesRecovered
        left.messagesCancelled += right.messagesCancelled
        left.messagesLate += right.messagesLate
        left.messagesGivenUpByPeer += right.messagesGivenUpByPeer
    }
}
