import GodwitSimulation

/// A profile of the lab with its queue's limit.
struct JudgedNetwork {
    let profile: NetworkProfile
    /// In packets; netem's default is 1,000.
    let queueLimit: Int

    var name: String { profile.name }

    static let all = [
        JudgedNetwork(profile: .mobile4G, queueLimit: 1000), JudgedNetwork(profile: .mobile3G, queueLimit: 1000),
        JudgedNetwork(profile: .mobile2G, queueLimit: 60), JudgedNetwork(profile: .loss20, queueLimit: 1000),
        JudgedNetwork(profile: .burst, queueLimit: 1000), JudgedNetwork(profile: .loss40, queueLimit: 1000),
    ]
}
