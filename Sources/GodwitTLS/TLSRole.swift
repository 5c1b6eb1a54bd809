/// Which end of a connection this is.
package enum TLSRole: Sendable, Hashable {
    case client
    case server
}
