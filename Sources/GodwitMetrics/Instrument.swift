/// What a family's children have in common.
package protocol Instrument: AnyObject, Sendable {
    static var kind: InstrumentKind { get }

    /// Writes the child's sample lines.
    func write(name: String, labels: LabelSet, to text: inout Exposition)
}
