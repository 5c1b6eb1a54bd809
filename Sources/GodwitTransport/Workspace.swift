import NIOCore

/// What a connection needs only while it works. An event loop lends one to all its connections, so that it stays warm in the cache
/// and an idle connection holds none of it.
package final class Workspace {
    /// Of the packet that was opened last.
    @exclusivity(unchecked) var plaintext = ByteBuffer()
    /// Lent to the packet being written.
    @exclusivity(unchecked) var carried: ContiguousArray<SentFrame> = []

    package init() {}
}
