/// What a guest says of itself: the first line of `lane-K.jsonl`.
package struct LaneRecord: Sendable, Equatable, Codable {
    package var kernel: String?
    /// Programs and libraries to their versions.
    package var versions: [String: String]?

    package init(kernel: String? = nil, versions: [String: String]? = nil) {
        (self.kernel, self.versions) = (kernel, versions)
    }
}
