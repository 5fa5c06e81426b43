import TesseraCore

extension Resize {
    /// What stands between pixels.
    public enum Mode: String, ConfigurationChoice {
        /// The nearest pixel.
        case nearest
        /// A straight line between two.
        case linear
        /// A cubic polynomial through four.
        case cubic
    }

    /// Which position of the input an output pixel lies at.
    public enum Coordinates: String, ConfigurationChoice {
        /// Both pictures fill the same area, and pixels are squares: (x + ½) / scale - ½.
        case halfPixel = "half_pixel"
        /// The same, but centred if the output's size was rounded.
        case halfPixelSymmetric = "half_pixel_symmetric"
        /// The same, but the first position for an output of one pixel.
        case pytorchHalfPixel = "pytorch_half_pixel"
        /// The centres of the outermost pixels stay where they are.
        case alignCorners = "align_corners"
        /// x / scale.
        case asymmetric
        /// (x + ½) / scale, for `nearest`.
        case tfHalfPixelForNN = "tf_half_pixel_for_nn"
        /// The outermost pixels are those of a region of the input; what lies beyond the input is `extrapolation`.
        case cropAndResize = "tf_crop_and_resize"
    }

    /// Which pixel is the nearest.
    public enum Rounding: String, ConfigurationChoice {
        case preferFloor = "round_prefer_floor"
        case preferCeil = "round_prefer_ceil"
        case floor
        case ceil
    }

    /// How `sizes` are meant.
    public enum Aspect: String, ConfigurationChoice {
        /// As they stand.
        case stretch
        /// One scale for all axes, the largest with which none exceeds its size.
        case notLarger = "not_larger"
        /// One scale for all axes, the smallest with which none falls below its size.
        case notSmaller = "not_smaller"
    }
}
