package org.lora4j.cli.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.sun.jna.Memory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledOnOs;
import org.junit.jupiter.api.condition.OS;

@EnabledOnOs(OS.LINUX)
class NativeHeapTest {
    private static final int MIB = 1 << 20;
    private static final int BLOCKS = 24;
    private static final int BLOCK_MIB = 8;

    private static long residentMib() throws IOException {
        return Files.readAllLines(Path.of("/proc/self/status")).stream()
                .filter(line -> line.startsWith("VmRSS:"))
                .mapToLong(line -> Long.parseLong(line.replaceAll("\\D", "")) / 1024)
                .findFirst()
                .orElseThrow();
    }

    private static Memory touched(long bytes) {
        Memory memory = new Memory(bytes);
        memory.setMemory(0, bytes, (byte) 1);
        return memory;
    }

    /** Small blocks that stay between large ones would keep all of them in an arena. */
    @Test
    void largeBlocksAreReturnedWhenTheyAreFreed() throws IOException {
        assertThat(NativeHeap.returnLargeBlocks(Map.of())).isTrue();
        // Without that, blocks of this size come from arenas from now on.
        touched(2 * BLOCK_MIB * MIB).close();
        long before = residentMib();
        List<Memory> large = new ArrayList<>();
        List<Memory> small = new ArrayList<>();
        for (int i = 0; i < BLOCKS; i++) {
            large.add(touched(BLOCK_MIB * MIB));
            small.add(touched(1024));
        }
        assertThat(residentMib() - before).isGreaterThan(BLOCKS * BLOCK_MIB / 2);
        large.forEach(Memory::close);
        assertThat(residentMib() - before).isLessThan(BLOCKS * BLOCK_MIB / 2);
        small.forEach(Memory::close);
    }

    @Test
    void theEnvironmentGoesFirst() {
        assertThat(NativeHeap.returnLargeBlocks(Map.of("MALLOC_ARENA_MAX", "2")))
                .isFalse();
        assertThat(NativeHeap.returnLargeBlocks(Map.of("GLIBC_TUNABLES", "glibc.malloc.arena_max=2")))
                .isFalse();
    }
}
