package org.lora4j.cli.serve;

import com.sun.jna.Function;
import com.sun.jna.NativeLibrary;
import com.sun.jna.Platform;
import java.util.Map;

/**
 * The memory that native libraries get from {@code malloc}.
 *
 * <p>The malloc of glibc takes large blocks from the system and gives them back when they are freed. But each large block that is freed
 * makes it take blocks up to that size, at most 32 MiB, from its arenas, of which there are up to 8 for each processor; and an arena gives
 * memory back only from its end. The tokens of long texts, which any thread may free, then leave hundreds of MiB that nobody uses.
 */
public final class NativeHeap {
    /** {@code M_TRIM_THRESHOLD} of {@code malloc.h}. */
    private static final int TRIM_THRESHOLD = -1;

    /** {@code M_MMAP_THRESHOLD}. */
    private static final int MMAP_THRESHOLD = -3;

    private static final int LARGE = 1 << 20;

    private NativeHeap() {}

    /**
     * Lets this process give each block of at least 1 MiB back to the system when it is freed, now and later. Does nothing where the C
     * library is not glibc, or where the environment says something else.
     *
     * @return whether it does so
     */
    public static boolean returnLargeBlocks() {
        return returnLargeBlocks(System.getenv());
    }

    static boolean returnLargeBlocks(Map<String, String> environment) {
        if (!Platform.isLinux() || environment.keySet().stream().anyMatch(NativeHeap::isOfMalloc)) {
            return false;
        }
        try {
            NativeLibrary process = NativeLibrary.getProcess();
            // Another C library may have a mallopt that means something else.
            process.getFunction("gnu_get_libc_version");
            Function mallopt = process.getFunction("mallopt");
            return set(mallopt, MMAP_THRESHOLD) && set(mallopt, TRIM_THRESHOLD);
        } catch (LinkageError e) {
            return false;
        }
    }

    private static boolean isOfMalloc(String variable) {
        return variable.startsWith("MALLOC_") || variable.equals("GLIBC_TUNABLES");
    }

    private static boolean set(Function mallopt, int parameter) {
        return mallopt.invokeInt(new Object[] {parameter, LARGE}) == 1;
    }
}
