/// Where a session lives: the event loop that owns it, and its identity there.
package struct SessionAddress: Hashable, Sendable {
    package let loop: UInt8
    package let session: UInt64

    package init(loop: UInt8, session: UInt64) {
        self.loop = loop
        self.session = session
    }
}
