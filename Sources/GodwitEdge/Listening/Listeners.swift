import GodwitWire
import NIOCore
import NIOPosix

/// Binds one port number for both carriers, and makes the loops' states.
struct Listeners {
    let shared: EdgeShared
    let group: MultiThreadedEventLoopGroup

    /// When the system chooses a port for TCP, that port may be taken for UDP: then another is tried.
    private static let chosenPortTries = 16

    /// - Returns: the TCP channel, and the address with its port.
    func open(_ requested: HostPort) async throws -> (channel: any Channel, address: SocketAddress) {
        let wanted: SocketAddress
        do {
            wanted = try SocketAddress.makeAddressResolvingHost(requested.host, port: requested.port)
        } catch {
            throw EdgeError.cannotListen(.tcp, address: "\(requested)", reason: "the host has no address here")
        }
        var tries = requested.port == 0 ? Self.chosenPortTries : 1
        while true {
            tries -= 1
            // TCP first: its port cannot be shared, so it tells whether another godwit listens there.
            let channel: any Channel
            do {
                channel = try await StreamListener(directory: shared.directory, group: group).open(wanted)
            } catch {
                throw EdgeError(binding: .tcp, "\(requested)", error)
            }
            guard let address = channel.localAddress else {
                throw EdgeError.cannotListen(.tcp, address: "\(requested)", reason: "the socket has no address")
            }
            do {
                try await openDatagrams(address)
                return (channel, address)
            } catch {
                try? await channel.close()
                let failure = EdgeError(binding: .udp, "\(requested)", error)
                guard case .addressInUse = failure, tries > 0 else { throw failure }
            }
        }
    }

    private func openDatagrams(_ address: SocketAddress) async throws {
        let places = shared.directory.places
        let listener = DatagramListener(
            address: address, isShared: places.count > 1,
            receivesBatches: shared.limits.datagram.offload == .auto && System.supportsUDPReceiveOffload)
        if listener.isShared, let place = places.first { try await listener.probe(on: place.eventLoop) }
        for (index, place) in places.enumerated() {
            let shared = shared
            _ = try await place.eventLoop.flatSubmit {
                place.eventLoop.makeCompletedFuture {
                    let loop = try EdgeLoop(index: UInt8(index), eventLoop: place.eventLoop, shared: shared)
                    loop.listener = listener
                    place.state.value = loop
                    return NIOLoopBound(loop, eventLoop: place.eventLoop)
                }.flatMap { listener.open(for: $0) }
            }.get()
        }
    }
}
