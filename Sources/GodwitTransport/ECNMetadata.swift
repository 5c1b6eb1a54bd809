import GodwitWire
import NIOCore

/// Between NIO's names for marks and ours.
extension ECNCodepoint {
    /// - Parameter metadata: of a received datagram; nil where the socket does not tell.
    package init(_ metadata: AddressedEnvelope<ByteBuffer>.Metadata?) {
        self =
            switch metadata?.ecnState {
            case nil, .transportNotCapable: .notCapable
            case .transportCapableFlag0: .capable0
            case .transportCapableFlag1: .capable1
            case .congestionExperienced: .congestionExperienced
            }
    }

    /// For a datagram to be sent; nil, which costs nothing, without a mark.
    package var metadata: AddressedEnvelope<ByteBuffer>.Metadata? {
        switch self {
        case .notCapable: nil
        case .capable0: .init(ecnState: .transportCapableFlag0)
        case .capable1: .init(ecnState: .transportCapableFlag1)
        case .congestionExperienced: .init(ecnState: .congestionExperienced)
        }
    }
}
