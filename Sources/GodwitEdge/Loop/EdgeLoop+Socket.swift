import GodwitMetrics
import GodwitTransport
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
        // What was refused was no failure of the network, and waits to be sent again.
        reopenSocket(in: refusedBatches.isEmpty ? Self.reopenDelay : .zero)
    }

    /// A batch was not sent. If that is because it is one, datagrams are sent singly from now on, its own first. Others that were under
    /// way are lost like any datagram.
    func batchFailed(_ batch: DatagramBatch, _ error: any Error) {
        guard let refusal = BatchRefusal(error) else { return }
        stopBatches(error)
        refusedBatches.append(batch)
        switch refusal {
        case .tooLong: resendRefused()
        // The next socket sends them.
        case .socketClosed: break
        }
    }

    private func stopBatches(_ error: any Error) {
        guard sendsBatches else { return }
        sendsBatches = false
        metrics.shared.batchesRefused.child().increment()
        shared.logger.notice(
            "the kernel refuses datagrams in batches; sending them singly",
            metadata: ["loop": "\(index)", "error": "\(error)"])
    }

    private func resendRefused() {
        guard let socket, !refusedBatches.isEmpty else { return }
        for batch in refusedBatches {
            for datagram in batch.datagrams { socket.write(datagram, to: batch.destination, mark: batch.mark) }
        }
        refusedBatches = []
        socket.flush()
    }

    /// The wait before the socket is opened again, so that a lasting failure does not keep the loop busy.
    private static let reopenDelay = TimeAmount.milliseconds(100)

    private func reopenSocket(in delay: TimeAmount = reopenDelay) {
        let bound = NIOLoopBound(self, eventLoop: eventLoop)
        eventLoop.scheduleTask(in: delay) {
            let loop = bound.value
            guard !loop.isStopping, loop.socket == nil, let listener = loop.listener else { return }
            listener.open(for: bound).whenComplete { result in
                switch result {
                case .success:
                    bound.value.resendRefused()
                    bound.value.socketBecameWritable()
                case .failure(let error):
                    bound.value.socketFailed(error)
                    bound.value.reopenSocket()
                }
            }
        }
    }
}
