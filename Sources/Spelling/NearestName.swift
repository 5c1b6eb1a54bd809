/// Which of the existing names somebody may have meant.
package enum NearestName {
    /// The existing name with the least edit distance; nil when none is near enough to be meant.
    package static func of(_ name: String, in existing: some Sequence<String>) -> String? {
        let near = existing.map { (name: $0, distance: EditDistance.between(name, $0)) }
            .min { $0.distance < $1.distance }
        guard let near, isNear(near.distance, to: name) else { return nil }
        return near.name
    }

    /// Whether so many changes may be a slip: two, and in long names a third of the letters.
    package static func isNear(_ distance: Int, to name: String) -> Bool { distance <= max(2, name.count / 3) }
}
