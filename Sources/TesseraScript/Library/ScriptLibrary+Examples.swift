extension ScriptLibrary {
    /// The network that examples of the reference begin with.
    static let exampleNetwork = """
        local net = tessera.network{
          inputs = {image = {shape = {1, 1, 8, 8}}}, weights = {random = 1},
          layers = {
            {conv = {name = "a", channels = 8, kernel = 3, padding = "same"}}, "relu", {conv = {name = "b", channels = 2, kernel = 1}},
          },
          outputs = {"b"},
        }
        """
}
