import NIOCore

/// A connection's figures since it began; plain integers read by the owner at any time.
package struct ConnectionStatistics: Sendable {
    /// Exponentially smoothed round trip (RFC 9002 §5.3); nil before the first measurement.
    package var smoothedRTT: TimeAmount?
    package var rttVariation: TimeAmount = .nanoseconds(0)
    package var minimumRTT: TimeAmount?

    package var packetsSent: UInt64 = 0
    package var packetsReceived: UInt64 = 0
    /// Ack-eliciting packets declared lost, spurious ones included.
    package var packetsLost: UInt64 = 0
    /// Packets declared lost whose acknowledgement came after all.
    package var spuriousLosses: UInt64 = 0
    package var datagramsSent: UInt64 = 0
    package var datagramsReceived: UInt64 = 0
    /// UDP payload bytes.
    package var bytesSent: UInt64 = 0
    package var bytesReceived: UInt64 = 0
    package var messagesSent: UInt64 = 0
    package var messagesReceived: UInt64 = 0
    /// Messages that were given up: because the owner wanted it, because their deadline passed, and those of the peer.
    package var messagesCancelled: UInt64 = 0
    package var messagesLate: UInt64 = 0
    package var messagesGivenUpByPeer: UInt64 = 0
    /// Unreliable datagrams; dropped ones had become late before the path had room for them.
    package var unreliableSent: UInt64 = 0
    package var unreliableReceived: UInt64 = 0
    package var unreliableDropped: UInt64 = 0
    /// Times the probe timer fired, and knocks into silence.
    package var probes: UInt64 = 0
    /// Copies of small messages that nobody had asked for, and their bytes: what redundancy cost.
    package var copiesSent: UInt64 = 0
    package var copyBytesSent: UInt64 = 0
    /// Messages of which a copy was acknowledged first: what it saved.
    package var messagesSavedByCopies: UInt64 = 0
    /// Unreliable datagrams that arrived only as copies.
    package var unreliableSavedByCopies: UInt64 = 0
    /// Repair symbols of large messages and their bytes: what forward error correction cost.
    package var repairsSent: UInt64 = 0
    package var repairBytesSent: UInt64 = 0
    /// Messages that the peer completed by repair: what it saved.
    package var messagesSavedByRepair: UInt64 = 0
    /// Repair symbols of the peer that told something new, and messages that they completed here.
    package var repairsUsed: UInt64 = 0
    package var messagesRecovered: UInt64 = 0
    /// What the peer reports to lose of our packets, 0...1, and what we lose of its.
    package var forwardLoss = 0.0
    package var backwardLoss = 0.0
    /// Acknowledgements that told of a router's congestion mark.
    package var congestionMarks: UInt64 = 0
    /// Bulk is marked, and the marks arrive.
    package var usesECN = false
    /// Paths of this connection on which marks were found to arrive, and on which not.
    package var ecnPathsCapable: UInt64 = 0
    package var ecnPathsFailed: UInt64 = 0
    /// The largest datagram that is sent, UDP payload bytes.
    package var datagramBytes = 0
    /// Times the packet keys were replaced: because ours had protected enough packets, and because the peer began to.
    package var keyUpdatesStarted: UInt64 = 0
    package var keyUpdatesFollowed: UInt64 = 0
    /// Datagrams that only tried a larger size.
    package var mtuProbes: UInt64 = 0
    /// Times a size that had been confirmed no longer arrived.
    package var blackHoles: UInt64 = 0
    /// Questions sent only because of silence.
    package var keepAlivesSent: UInt64 = 0
    /// Client: times a binding was gone after less silence than agreed.
    package var bindingsLost: UInt64 = 0
    /// After so much silence the server asks, by the client's wish; nil until it has one.
    package var agreedSilence: TimeAmount?
    /// Client: what was learned of the way's bindings.
    package var keepAlive: KeepAliveMemory?
    /// The first packet since the peer was heard last that it should have answered.
    package var unansweredSince: NIODeadline?
    /// The handshake went by a ticket.
    package var isResumed = false
    package var earlyData = EarlyDataOutcome.none
    package var congestionWindowBytes = 0
    package var bytesInFlight = 0

    /// Server: times that it sent to another address of its client.
    package var migrations = MigrationCounters()

    /// Received packets that were dropped, by reason.
    package var drops = DropCounters()

    /// Share of our packets that were lost, 0...1; spurious losses are not counted.
    package var lossRate: Double {
        packetsSent == 0 ? 0 : Double(packetsLost &- min(spuriousLosses, packetsLost)) / Double(packetsSent)
    }
}
