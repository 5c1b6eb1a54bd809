/// How soon a message is to be sent beside others, as the urgency of RFC 9218 §4.1 in three steps. It is the sender's own affair and
/// never on the wire.
package enum Urgency: UInt8, Hashable, Sendable, CaseIterable, Comparable {
    /// What others wait for: logging in, opening, withdrawing.
    case control
    /// What a person has typed or looks at, and its answer.
    case text
    /// What takes its time anyway.
    case media

    package static func < (left: Urgency, right: Urgency) -> Bool { left.rawValue < right.rawValue }

    /// Bodies of more bytes than this are media, whatever they are: on a slow link they hold up others for seconds.
    package static let textBytes = 4_096
    /// Frames of a tunnel up to this size may be keystrokes.
    package static let tunnelTextBytes = 512

    /// What a message is when nobody says more.
    package static func usual(command: UInt32?, bytes: Int) -> Urgency {
        guard bytes <= textBytes else { return .media }
        switch command.flatMap(Command.init(rawValue:)) {
        case .login, .logout, .tunnelOpen: return .control
        case .tunnel: return bytes <= tunnelTextBytes ? .text : .media
        case .report: return .media
        case .echo, .send, .sync, .read, .notify, nil: return .text
        }
    }
}

/// Some of the three urgencies. Inlinable, as below: they are asked for each frame, from other modules (`godwit-judge bulk`: a fifth).
package struct Urgencies: Hashable, Sendable {
    @usableFromInline var bits: UInt8

    @inlinable init(bits: UInt8) { self.bits = bits }

    @inlinable package static var none: Urgencies { Urgencies(bits: 0) }
    @inlinable package static var all: Urgencies { Urgencies(bits: 0b111) }

    /// This one and all that are more urgent.
    @inlinable package static func downTo(_ urgency: Urgency) -> Urgencies {
        Urgencies(bits: (2 << urgency.rawValue) - 1)
    }

    @inlinable package var isEmpty: Bool { bits == 0 }

    /// Whether the urgency is one of them.
    @inlinable package subscript(urgency: Urgency) -> Bool {
        get { bits & (1 << urgency.rawValue) != 0 }
        set { if newValue { bits |= 1 << urgency.rawValue } else { bits &= ~(1 << urgency.rawValue) } }
    }

    @inlinable package var mostUrgent: Urgency? { isEmpty ? nil : Urgency(rawValue: UInt8(bits.trailingZeroBitCount)) }
}

/// A value for each urgency, in place: connections that say nothing have many of them.
///
/// Accessors with one `yield` are inlined. With one for each urgency they were not, and each access allocated a coroutine's frame: forty
/// of them an echo (`AllocationTests`).
package struct PerUrgency<Value> {
    @usableFromInline var values: InlineArray<3, Value>

    @inlinable package init(_ value: Value) { values = InlineArray(repeating: value) }

    @inlinable package subscript(urgency: Urgency) -> Value {
        _read { yield values[Int(urgency.rawValue)] }
        _modify { yield &values[Int(urgency.rawValue)] }
    }
}

extension PerUrgency: Sendable where Value: Sendable {}
