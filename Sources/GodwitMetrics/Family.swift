import Synchronization

package typealias CounterFamily = Family<Counter>
package typealias GaugeFamily = Family<Gauge>
package typealias HistogramFamily = Family<Histogram>

/// All children of one metric name, one for each combination of label values.
///
/// The number of children is bounded. Past the bound every new combination shares the child whose label values are
/// all `other`, and is counted in ``overflows``: an attacker or a mistake cannot make the page grow.
package final class Family<Child: Instrument>: FamilyRendering {
    package let name: String
    package let labelNames: [String]
    let help: String
    let maximumChildren: Int
    private let makeChild: @Sendable () -> Child
    private let children = Mutex<[LabelSet: Child]>([:])
    private let overflowCount = Counter()

    init(name: String, help: String, labelNames: [String], maximumChildren: Int, make: @escaping @Sendable () -> Child)
    {
        self.name = name
        self.help = help
        self.labelNames = labelNames
        self.maximumChildren = maximumChildren
        makeChild = make
        // A family without labels has its one sample from the start, so that a rate over it needs no first event.
        if labelNames.isEmpty { children.withLock { $0[.empty] = make() } }
    }

    var kind: InstrumentKind { Child.kind }

    /// How often a combination of labels was refused a child of its own.
    package var overflows: Int { overflowCount.value }

    package var childCount: Int { children.withLock { $0.count } }

    /// The child with these label values, in the order of ``labelNames``. Takes a lock: keep it on hot paths.
    package func child(_ values: String...) -> Child {
        assert(values.count == labelNames.count, "\(name) has the labels \(labelNames), given were \(values)")
        return child(
            labelNames.enumerated().map { index, name in (name, index < values.count ? values[index] : "") })
    }

    /// The same, for names that are known only at run time.
    func child(_ pairs: [(name: String, value: String)]) -> Child {
        let labels = LabelSet(pairs: pairs)
        return children.withLock { children in
            if let known = children[labels] { return known }
            if children.count < maximumChildren {
                let child = makeChild()
                children[labels] = child
                return child
            }
            overflowCount.increment()
            let rest = LabelSet(pairs: pairs.map { ($0.name, "other") })
            if let known = children[rest] { return known }
            // Names that are known only at run time could make one such child for each set of names.
            if children.count > maximumChildren { return makeChild() }
            let child = makeChild()
            children[rest] = child
            return child
        }
    }

    func write(to text: inout Exposition) {
        let sorted = children.withLock { $0.sorted { $0.key < $1.key } }
        guard !sorted.isEmpty else { return }
        text.family(name, help: help, kind: kind)
        for (labels, child) in sorted { child.write(name: name, labels: labels, to: &text) }
    }
}

/// A family as the registry sees it when it writes the page.
protocol FamilyRendering: AnyObject, Sendable {
    var name: String { get }
    var overflows: Int { get }
    func write(to text: inout Exposition)
}
