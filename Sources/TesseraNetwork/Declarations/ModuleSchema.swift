import TesseraCore

extension ConfigurationSchema {
    /// A module by its name, or a map with its name and its own keys.
    ///
    /// - Parameters:
    ///   - key: the key that holds the name.
    ///   - isRequired: whether that key must be there.
    ///   - others: keys that every such map has.
    package static func choice(
        of registry: Registry<some Sendable>, key: String, isRequired: Bool, beside others: [KeyDescription] = []
    ) -> ConfigurationSchema {
        let maps = registry.modules.map { module in
            let name = KeyDescription(
                name: key, isRequired: isRequired, type: "string", summary: module.summary,
                schema: .choice([module.name])
            )
            return ConfigurationSchema.map([name] + others + module.keys)
        }
        return .either([.choice(registry.names)] + maps)
    }
}
