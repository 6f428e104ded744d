package org.lora4j.io;

import java.util.Objects;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsReader;

/**
 * How files are read that may come from strangers: what happens if an adapter was saved with another base, and how much is
 * read. A file beyond a limit is refused before memory is asked for. Immutable.
 *
 * <pre>{@code
 * ReadOptions options = ReadOptions.of(FingerprintCheck.REQUIRE).withFileBytes(10L << 20);
 * LoRAAdapter adapter = PeftAdapters.load(folder, base, options);
 * }</pre>
 *
 * <p>The limits are by default far above what adapters have: 1 GiB for the tensors, 16 MiB for their header, 50,000 tensors
 * and 4 MiB for the configuration. Patterns in the configuration have limits of their own, which are fixed; see
 * {@link org.lora4j.adapter.TargetModules}.
 *
 * <p>{@link SafeTensors} and {@link SafeTensorsReader} use the limits of the file, its header and the number of tensors.
 * Without options, they read files of any length, with the defaults for the header and the number of tensors: an array of
 * ND4J takes about a kilobyte of the heap, however few elements it has.
 */
public final class ReadOptions {
    /** The limit of the safetensors format for the JSON text, in bytes. */
    private static final int LARGEST_HEADER = 100_000_000;

    private static final int LARGEST_CONFIG = 1 << 30;

    private static final ReadOptions DEFAULTS =
            new ReadOptions(FingerprintCheck.WARN, 1L << 30, 16 << 20, 50_000, 4 << 20);

    private final FingerprintCheck fingerprintCheck;
    private final long fileBytes;
    private final int headerBytes;
    private final int tensors;
    private final int configBytes;

    private ReadOptions(FingerprintCheck check, long fileBytes, int headerBytes, int tensors, int configBytes) {
        this.fingerprintCheck = check;
        this.fileBytes = require("fileBytes", fileBytes, Long.MAX_VALUE);
        this.headerBytes = (int) require("headerBytes", headerBytes, LARGEST_HEADER);
        this.tensors = (int) require("tensors", tensors, Integer.MAX_VALUE);
        this.configBytes = (int) require("configBytes", configBytes, LARGEST_CONFIG);
    }

    private static long require(String name, long value, long most) {
        if (value < 1 || value > most) {
            throw new IllegalArgumentException(name + " must be from 1 to " + most + ", found " + value);
        }
        return value;
    }

    /**
     * Returns the options that count if no others are given: {@link FingerprintCheck#WARN} and the default limits.
     *
     * @return the defaults
     */
    public static ReadOptions defaults() {
        return DEFAULTS;
    }

    /**
     * Returns the default limits with a check of fingerprints.
     *
     * @param check what to do if an adapter was saved with another base
     * @return the options
     */
    public static ReadOptions of(FingerprintCheck check) {
        Objects.requireNonNull(check, "check must not be null");
        return new ReadOptions(check, DEFAULTS.fileBytes, DEFAULTS.headerBytes, DEFAULTS.tensors, DEFAULTS.configBytes);
    }

    /**
     * Changes the limit for {@code adapter_model.safetensors}.
     *
     * @param most the most bytes, at least 1
     * @return these options with this change
     * @throws IllegalArgumentException if the number is less than 1
     */
    public ReadOptions withFileBytes(long most) {
        return new ReadOptions(fingerprintCheck, most, headerBytes, tensors, configBytes);
    }

    /**
     * Changes the limit for the header of the tensors.
     *
     * @param most the most bytes, from 1 to the format's limit of 100,000,000
     * @return these options with this change
     * @throws IllegalArgumentException if the number is outside these bounds
     */
    public ReadOptions withHeaderBytes(int most) {
        return new ReadOptions(fingerprintCheck, fileBytes, most, tensors, configBytes);
    }

    /**
     * Changes the limit for the number of tensors.
     *
     * @param most the most tensors, at least 1
     * @return these options with this change
     * @throws IllegalArgumentException if the number is less than 1
     */
    public ReadOptions withTensors(int most) {
        return new ReadOptions(fingerprintCheck, fileBytes, headerBytes, most, configBytes);
    }

    /**
     * Changes the limit for {@code adapter_config.json}.
     *
     * @param most the most bytes, from 1 to 2<sup>30</sup>
     * @return these options with this change
     * @throws IllegalArgumentException if the number is outside these bounds
     */
    public ReadOptions withConfigBytes(int most) {
        return new ReadOptions(fingerprintCheck, fileBytes, headerBytes, tensors, most);
    }

    /**
     * Returns what to do if an adapter was saved with another base.
     *
     * @return the check
     */
    public FingerprintCheck fingerprintCheck() {
        return fingerprintCheck;
    }

    /**
     * Returns the limit for {@code adapter_model.safetensors}.
     *
     * @return the most bytes
     */
    public long fileBytes() {
        return fileBytes;
    }

    /**
     * Returns the limit for the header of the tensors.
     *
     * @return the most bytes
     */
    public int headerBytes() {
        return headerBytes;
    }

    /**
     * Returns the limit for the number of tensors.
     *
     * @return the most tensors
     */
    public int tensors() {
        return tensors;
    }

    /**
     * Returns the limit for {@code adapter_config.json}.
     *
     * @return the most bytes
     */
    public int configBytes() {
        return configBytes;
    }

    @Override
    public String toString() {
        return "ReadOptions[fingerprintCheck=" + fingerprintCheck + ", fileBytes=" + fileBytes + ", headerBytes="
                + headerBytes + ", tensors=" + tensors + ", configBytes=" + configBytes + "]";
    }
}
