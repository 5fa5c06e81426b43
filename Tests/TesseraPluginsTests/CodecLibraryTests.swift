import Foundation
import Tessera
import TesseraTestSupport
import Testing

/// A codec in C: samples as they are, after the number of them.
@Suite struct CodecLibraryTests {
    static let source = """
        #include <string.h>
        #include <tessera_plugin.h>
        static const tessera_host *host;
        static size_t sample_count(const tessera_frames *format) {
            return (size_t)format->width * format->height * format->count;
        }
        static tessera_status encode(const tessera_options *options, const tessera_frames *format, const uint16_t *samples,
                                     tessera_output *output, tessera_error *error) {
            (void)error;
            const int64_t key = host->option_integer(options, "key");
            const size_t count = sample_count(format);
            for (size_t index = 0; index < count; index++) {
                const uint16_t sample = samples[index] ^ (uint16_t)key;
                const tessera_status status = host->write(output, &sample, sizeof sample);
                if (status != TESSERA_OK) return status;
            }
            return TESSERA_OK;
        }
        static tessera_status decode(const tessera_options *options, const tessera_frames *format, const void *bytes,
                                     size_t byte_count, uint16_t *samples, tessera_error *error) {
            const size_t count = sample_count(format);
            if (byte_count != 2 * count)
                return tessera_fail(error, TESSERA_MALFORMED_DATA, "expected %zu bytes, found %zu", 2 * count, byte_count);
            memcpy(samples, bytes, byte_count);
            for (size_t index = 0; index < count; index++) samples[index] ^= (uint16_t)host->option_integer(options, "key");
            return TESSERA_OK;
        }
        static const tessera_codec codec = {
            .size = sizeof(tessera_codec), .kind = TESSERA_CODEC, .layout = TESSERA_BYTES, .is_lossless = 1, .is_exact_anywhere = 1,
            .largest_bits = 16, .encode = encode, .decode = decode};
        static tessera_status register_module(const tessera_host *own_host, const void **table, tessera_error *error) {
            (void)error;
            host = own_host;
            *table = &codec;
            return TESSERA_OK;
        }
        static const tessera_option options[] = {{"key", TESSERA_INTEGER, "0", "what samples are combined with"}};
        static const tessera_descriptor descriptor = {
            .magic = TESSERA_PLUGIN_MAGIC, .abi_major = TESSERA_ABI_MAJOR, .abi_minor = TESSERA_ABI_MINOR,
            .size = sizeof(tessera_descriptor), .kind = TESSERA_CODEC, .name = "plain", .summary = "samples as they are",
            .version = "1", .options = options, .option_count = 1, .register_module = register_module};
        TESSERA_EXPORT const tessera_descriptor *tessera_plugin(void) { return &descriptor; }
        """

    private func modules(_ source: String, _ folder: TemporaryFolder) throws -> Modules {
        try Modules.builtin.loading(plugins: [SampleLibrary.c(source, in: folder)])
    }

    @Test("a codec in C keeps what codecs promise, has options, and refuses bytes that are not of its frames")
    func codec() async throws {
        let folder = try TemporaryFolder()
        let modules = try modules(Self.source, folder)
        for check in try modules.checks(of: ModuleID(.codec, "plain")) { try await check.run() }
        let frames = WeightFrames(FrameFormat(width: 3, height: 1, bits: 8), samples: [1, 2, 255])
        let codec = try modules.weightCodecs.make("plain", .map([("key", 3.configuration)]))
        #expect(try codec.encode(frames) == [2, 0, 1, 0, 252, 0])
        expectError(.malformedFile, "expected 6 bytes, found 5") {
            try [UInt8](repeating: 0, count: 5).withUnsafeBytes { try codec.decode($0, as: frames.format) }
        }
        // With another key, the samples have more bits than the frames.
        expectError(.malformedFile, "expected samples of 8 bits, found 65535") {
            try [UInt8](repeating: 255, count: 6).withUnsafeBytes {
                try modules.weightCodecs.make("plain").decode($0, as: frames.format)
            }
        }
    }

    @Test("the checker finds a codec that gives back other samples")
    func broken() async throws {
        let folder = try TemporaryFolder()
        let source = Self.source.replacingOccurrences(
            of: "memcpy(samples, bytes, byte_count);", with: "memset(samples, 0, byte_count); (void)bytes;")
        let modules = try modules(source, folder)
        let failed = try await modules.failures(of: ModuleID(.codec, "plain"))
        #expect(
            failed.keys.sorted() == [
                "frames of all sizes come back as they were",
                "frames of one value, and of the smallest and largest, come back",
            ])
    }
}

extension Modules {
    /// The promises that a module does not keep, with the reasons.
    func failures(of id: ModuleID, options: Configuration = .empty) async throws -> [String: String] {
        var failures: [String: String] = [:]
        for check in try checks(of: id, options: options) {
            do { try await check.run() } catch { failures[check.promise] = "\(error)" }
        }
        return failures
    }
}
