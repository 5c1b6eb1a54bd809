/// The Initial packet number space: an object of its own, so that a connection whose handshake is over holds none of it.
final class InitialSpace {
    // One owner, as of `Connection`.
    @exclusivity(unchecked) var space = PacketSpace()

    init(keys: PacketKeys) {
        space.keys = keys
        space.isOfHandshake = true
    }
}
