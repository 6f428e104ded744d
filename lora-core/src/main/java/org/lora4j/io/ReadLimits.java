package org.lora4j.io;

/**
 * How much is read of files that may come from strangers. A file beyond a limit is refused before memory is asked for.
 * Immutable.
 *
 * <pre>{@code
 * ReadLimits limits = ReadLimits.defaults().withFileBytes(10L << 20);
 * LoRAAdapter adapter = PeftAdapters.load(folder, base, FingerprintCheck.REQUIRE, limits);
 * }</pre>
 *
 * <p>The defaults are far above what adapters have: 1 GiB for the tensors, 16 MiB for their header, 50,000 tensors and 4 MiB
 * for the configuration. Patterns in the configuration have limits of their own, which are fixed; see
 * {@link org.lora4j.adapter.TargetModules}.
 *
 * <p>{@link SafeTensors#read(java.nio.file.Path)} and {@link SafeTensorsReader#open(java.nio.file.Path)} read files of any
 * length, with the defaults for the header and the number of tensors: an array of ND4J takes about a kilobyte of the heap,
 * however few elements it has.
 */
public final class ReadLimits {
    private static final int LARGEST_CONFIG = 1 << 30;

    private static final ReadLimits DEFAULTS = new ReadLimits(1L << 30, 16 << 20, 50_000, 4 << 20);
    private static final ReadLimits OF_TENSORS = DEFAULTS.withFileBytes(Long.MAX_VALUE);

    private final long fileBytes;
    private final int headerBytes;
    private final int tensors;
    private final int configBytes;

    private ReadLimits(long fileBytes, int headerBytes, int tensors, int configBytes) {
        this.fileBytes = require("fileBytes", fileBytes, Long.MAX_VALUE);
        this.headerBytes = (int) require("headerBytes", headerBytes, SafeTensorsHeader.MAX_LENGTH);
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
     * Returns the limits that count if no others are given.
     *
     * @return the defaults
     */
    public static ReadLimits defaults() {
        return DEFAULTS;
    }

    /** The defaults for a file of tensors that may have any length, such as a base. */
    static ReadLimits ofTensors() {
        return OF_TENSORS;
    }

    /**
     * Changes the limit for {@code adapter_model.safetensors}.
     *
     * @param most the most bytes, at least 1
     * @return these limits with this change
     * @throws IllegalArgumentException if the number is less than 1
     */
    public ReadLimits withFileBytes(long most) {
        return new ReadLimits(most, headerBytes, tensors, configBytes);
    }

    /**
     * Changes the limit for the header of the tensors.
     *
     * @param most the most bytes, from 1 to the format's limit of 100,000,000
     * @return these limits with this change
     * @throws IllegalArgumentException if the number is outside these bounds
     */
    public ReadLimits withHeaderBytes(int most) {
        return new ReadLimits(fileBytes, most, tensors, configBytes);
    }

    /**
     * Changes the limit for the number of tensors.
     *
     * @param most the most tensors, at least 1
     * @return these limits with this change
     * @throws IllegalArgumentException if the number is less than 1
     */
    public ReadLimits withTensors(int most) {
        return new ReadLimits(fileBytes, headerBytes, most, configBytes);
    }

    /**
     * Changes the limit for {@code adapter_config.json}.
     *
     * @param most the most bytes, from 1 to 2<sup>30</sup>
     * @return these limits with this change
     * @throws IllegalArgumentException if the number is outside these bounds
     */
    public ReadLimits withConfigBytes(int most) {
        return new ReadLimits(fileBytes, headerBytes, tensors, most);
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
        return "ReadLimits[fileBytes=" + fileBytes + ", headerBytes=" + headerBytes + ", tensors=" + tensors
                + ", configBytes=" + configBytes + "]";
    }
}
