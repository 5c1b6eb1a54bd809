import GodwitMetrics
import Logging
import NIOCore

/// The loop's UDP socket: failures of single datagrams mean nothing, its end must not be the edge's end.
extension EdgeLoop {
    func socketFailed(_ error: any Error) {
        metrics.shared.shed.child("socket_error").increment()
        shared.logger.debug("UDP socket", metadata: ["error": "\(error)"])
    }

    func socketClosed(_ closed: DatagramSocket) {
        guard socket === closed else { return }
        socket = nil
        guard !isStopping else { return }
        shared.logger.error("the UDP socket was closed by an error; opening it again", metadata: ["loop": "\(index)"])
        reopenSocket()
    }

    /// The wait before the socket is opened again, so that a lasting failure does not keep the loop busy.
    private static let reopenDelay = TimeAmount.milliseconds(100)

    private func reopenSocket() {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(in: Self.reopenDelay) {
            let loop = bound.value
            guard !loop.isStopping, loop.socket == nil, let listener = loop.listener else { return }
            listener.open(for: bound).whenComplete { result in
                switch result {
                case .success:
                    bound.value.socketBecameWritable()
                case .failure(let error):
                    bound.value.socketFailed(error)
                    bound.value.reopenSocket()
                }
            }
        }
    }
}
