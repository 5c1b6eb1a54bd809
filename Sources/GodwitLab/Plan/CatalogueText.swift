/// The catalogue for people: names in a column, beside each what it is.
package struct CatalogueText {
    package let text: String

    /// Lines are broken before so many columns.
    package init(_ catalogue: Catalogue, columns: Int) {
        let profiles = ProfileOrder.sorted(catalogue.profileNames).compactMap { name in
            catalogue.profiles[name].map { (name, $0.about) }
        }
        let scenarios = ScenarioOrder.sorted(catalogue.scenarioNames).compactMap { name in
            catalogue.scenarios[name].map { (name, $0.about + ($0.isHeavy ? " (alone on the machine)" : "")) }
        }
        let peers = catalogue.peerNames.compactMap { name in
            catalogue.peers[name].map { peer in
                (name, [peer.title, peer.notes].filter { !$0.isEmpty }.joined(separator: ". "))
            }
        }
        let width = (profiles + scenarios + peers).map(\.0.count).max() ?? 0
        var text = ""
        for (title, entries) in [("Profiles", profiles), ("Scenarios", scenarios), ("Peers", peers)] {
            text += (text.isEmpty ? "" : "\n") + title + "\n"
            for (name, about) in entries {
                let indent = String(repeating: " ", count: width + 4)
                let lines = WrappedText.lines(about, width: max(30, columns - indent.count - 1))
                text += "  " + name + String(repeating: " ", count: width + 2 - name.count)
                text += lines.joined(separator: "\n" + indent) + "\n"
            }
        }
        self.text = text
    }
}
