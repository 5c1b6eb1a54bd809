/// Who speaks on a session that is logged in.
package struct Principal: Hashable, Sendable {
    package let user: String
    package let device: String

    package init(user: String, device: String) {
        self.user = user
        self.device = device
    }
}
