/// The identity of a message at this end. It is given once and never again, and it stays when the session has to
/// number its messages anew, so answers can always be matched with what was asked.
///
/// A session has two such spaces: the messages that this end sent (`Session.send` returns them) and those it received
/// (`IncomingMessage.id`).
package struct LocalID: Hashable, Comparable, Sendable, CustomStringConvertible {
    package let rawValue: UInt64

    package init(rawValue: UInt64) { self.rawValue = rawValue }

    package static func < (left: Self, right: Self) -> Bool { left.rawValue < right.rawValue }

    package var description: String { String(rawValue) }
}
