import NIOCore

/// Which congestion control a connection uses.
package enum CongestionAlgorithm: String, Sendable, CaseIterable {
    /// Measures the path's rate; losses do not slow it down.
    case bbr
    /// Slows down at losses, as most of the Internet's TCP does.
    case cubic
}

/// The controller that the configuration names, without an existential: a switch for each call.
enum ConfiguredController: CongestionController {
    case bbr(BBRController)
    case cubic(CubicController)

    init(_ algorithm: CongestionAlgorithm, maximumDatagramBytes: Int) {
        switch algorithm {
        case .bbr: self = .bbr(BBRController(maximumDatagramBytes: maximumDatagramBytes))
        case .cubic: self = .cubic(CubicController(maximumDatagramBytes: maximumDatagramBytes))
        }
    }

    var windowBytes: Int {
        switch self {
        case .bbr(let controller): controller.windowBytes
        case .cubic(let controller): controller.windowBytes
        }
    }

    var pacingRate: Double? {
        switch self {
        case .bbr(let controller): controller.pacingRate
        case .cubic(let controller): controller.pacingRate
        }
    }

    mutating func acknowledged(_ news: Acknowledgement) {
        change(bbr: { $0.acknowledged(news) }, cubic: { $0.acknowledged(news) })
    }

    mutating func lost(bytes: Int, latestSent: NIODeadline, now: NIODeadline) {
        change(
            bbr: { $0.lost(bytes: bytes, latestSent: latestSent, now: now) },
            cubic: { $0.lost(bytes: bytes, latestSent: latestSent, now: now) })
    }

    mutating func experienced(sentAt: NIODeadline, inFlight: Int, now: NIODeadline) {
        change(
            bbr: { $0.experienced(sentAt: sentAt, inFlight: inFlight, now: now) },
            cubic: { $0.experienced(sentAt: sentAt, inFlight: inFlight, now: now) })
    }

    mutating func pathChanged() { change(bbr: { $0.pathChanged() }, cubic: { $0.pathChanged() }) }

    enum Resting {
        case bbr(BBRController.Resting)
        case cubic(CubicController.Resting)
    }

    var resting: Resting {
        switch self {
        case .bbr(let controller): .bbr(controller.resting)
        case .cubic(let controller): .cubic(controller.resting)
        }
    }

    /// - Parameter resting: of the same algorithm, or it is ignored.
    mutating func wake(_ resting: Resting) {
        switch (self, resting) {
        case (.bbr(var controller), .bbr(let resting)):
            controller.wake(resting)
            self = .bbr(controller)
        case (.cubic(var controller), .cubic(let resting)):
            controller.wake(resting)
            self = .cubic(controller)
        case (.bbr, .cubic), (.cubic, .bbr): break
        }
    }

    private mutating func change(bbr: (inout BBRController) -> Void, cubic: (inout CubicController) -> Void) {
        switch self {
        case .bbr(var controller):
            bbr(&controller)
            self = .bbr(controller)
        case .cubic(var controller):
            cubic(&controller)
            self = .cubic(controller)
        }
    }
}
