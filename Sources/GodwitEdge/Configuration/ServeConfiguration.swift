import GodwitTransport
import Logging
import NIOCore

/// Everything that `godwit serve` can be told. Keys, units and defaults: docs/operations.md.
package struct ServeConfiguration: Equatable, Sendable {
    /// Where clients connect: UDP for the datagram carrier and TCP for the stream carrier, one port number.
    package var listen = HostPort(host: "0.0.0.0", port: 7400)
    /// Where the admin pages are served; no authentication, so keep it private.
    package var admin = HostPort(host: "127.0.0.1", port: 9464)
    /// Holds the server's key and certificate and the store; relative to the working directory.
    package var dataDirectory = "data"
    /// Event loops that serve clients, 0...64; 0 means one for each processor.
    package var eventLoops = 0
    package var log = Log()
    package var limits = Limits()
    package var timeouts = Timeouts()
    package var datagram = Datagram()
    package var store = Store()
    package var upstreams = Upstreams()
    package var tickets = Tickets()

    package init() {}

    package struct Log: Equatable, Sendable {
        package var level = Logger.Level.info
    }

    /// Each is for the whole process; the edge divides it by its event loops.
    package struct Limits: Equatable, Sendable {
        /// Carrier connections, established or not.
        package var connections = 100_000
        /// Connections whose handshake is not complete.
        package var halfOpen = 4_096
        /// Sessions kept, attached or waiting for their client.
        package var sessions = 200_000
        /// How long a session waits for its client before it is forgotten.
        package var sessionIdle = TimeAmount.hours(24)
    }

    package struct Timeouts: Equatable, Sendable {
        /// From a connection's first byte to its complete handshake.
        package var handshake = TimeAmount.seconds(10)
        /// Without an answer, or so long beyond the silence that its client announced, a datagram connection is closed; a stream gets
        /// 6 minutes at least.
        package var idle = TimeAmount.seconds(30)
        /// How long a shutdown waits for work that was begun.
        package var shutdown = TimeAmount.seconds(10)
    }

    /// The datagram carrier's sender.
    package struct Datagram: Equatable, Sendable {
        package var congestion = CongestionAlgorithm.bbr
        /// Bytes that copies and repair may cost, in percent of the messages' bytes.
        package var redundancyPercent = 300
        /// Packets sent under one key before it is replaced.
        package var packetsPerKey = 4_194_304
        package var offload = DatagramOffload.auto
        package var connectionIDs = ConnectionIDs()
        /// From this share of `limits.half_open` on, in percent, clients must show that they are at their addresses.
        package var retryPercent = 25
    }

    /// What load balancers in front of the server read in connection IDs (draft-ietf-quic-load-balancers-21).
    package struct ConnectionIDs: Equatable, Sendable {
        /// Hexadecimal; empty for a server that clients reach directly.
        package var serverID = ""
        /// Bytes of an ID that are not the server's.
        package var nonceBytes = 5
        /// The number of this configuration.
        package var rotation = 0
        /// A file with the key of 16 bytes that balancers have as well; empty for server IDs in the clear.
        package var keyFile = ""
    }

    package struct Store: Equatable, Sendable {
        /// Fixed when the data directory is made; each has one writer thread.
        package var shards = 4
    }

    /// Tickets with which clients come back in one round trip.
    package struct Tickets: Equatable, Sendable {
        /// What their keys come from, the same for all edges behind one name; empty for a secret of this process alone.
        package var secretFile = ""
    }

    /// Who answers a command.
    package struct Upstreams: Equatable, Sendable {
        package var echo = EchoUpstream.builtin
        package var im = IMUpstream.core
        package var tunnel = Tunnel()
    }

    /// TCP connections that clients may have made from here.
    package struct Tunnel: Equatable, Sendable {
        /// Where to; empty: nowhere, tunnels are off.
        package var allow = TunnelAllowList()
        /// What clients must show, 16 bytes at least. Without it nothing is allowed: an edge is no open relay.
        package var token = ""
        /// For the whole process.
        package var connections = 1_024
        package var sessionConnections = 128
        /// A tunnel on which nothing moves for so long is reset.
        package var idle = TimeAmount.hours(1)
    }

    /// Whether datagrams go through the kernel in batches.
    package enum DatagramOffload: String, CaseIterable, Sendable {
        /// Where the kernel has it.
        case auto
        case off
    }

    package enum EchoUpstream: String, CaseIterable, Sendable {
        /// Answered by the edge, without login.
        case builtin
        /// Answered with "unknown command".
        case off
    }

    package enum IMUpstream: String, CaseIterable, Sendable {
        /// The core in this process.
        case core
        case off
    }
}
