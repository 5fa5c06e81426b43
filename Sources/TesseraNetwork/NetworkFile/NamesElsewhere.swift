/// What to say of a layer's name that other frameworks know, and Tessera by another name; nil if there is nothing to say.
func hintForNameElsewhere(_ name: String) -> String? {
    let plain = name.lowercased().filter { $0 != "_" }
    if plain.hasPrefix("dropout") { return ": leave it out, it does nothing when a network is used" }
    return namesElsewhere[plain].map { ", which is called '\($0)' here" }
}

/// Tessera's names of operators by those of PyTorch, Keras, ONNX and Darknet, in lower case and without underscores.
private let namesElsewhere: [String: String] = {
    var names = [
        "dense": "linear", "fc": "linear", "fullyconnected": "linear", "gemm": "linear", "silu": "swish",
        "hardsilu": "hard_swish", "hardtanh": "clip", "upsample": "resize", "interpolate": "resize",
        "pixelshuffle": "depth_to_space", "pixelunshuffle": "space_to_depth", "reorg": "space_to_depth",
        "route": "concat", "cat": "concat", "permute": "transpose", "view": "reshape", "deconv": "conv_transpose",
        "deconvolution": "conv_transpose", "convolution": "conv", "lrn": "local_response_norm",
        "avgpool": "average_pool",
        "avgpooling": "average_pool", "averagepooling": "average_pool", "maxpooling": "max_pool",
        "adaptiveavgpool": "global_average_pool", "globalavgpool": "global_average_pool",
        "batchnormalization": "batch_norm", "layernormalization": "layer_norm", "zeropadding": "pad", "sub": "subtract",
        "mul": "multiply", "div": "divide", "pow": "power", "neg": "negate", "abs": "absolute",
        "cumsum": "cumulative_sum",
    ]
    for (theirs, ours) in [
        ("conv", "conv"), ("convtranspose", "conv_transpose"), ("batchnorm", "batch_norm"), ("maxpool", "max_pool"),
        ("avgpool", "average_pool"), ("instancenorm", "instance_norm"), ("adaptiveavgpool", "global_average_pool"),
    ] {
        for axes in 1...3 { names["\(theirs)\(axes)d"] = ours }
    }
    return names
}()
