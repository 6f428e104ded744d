package org.lora4j.io.gguf.internal;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.URISyntaxException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Blocks that are written. */
class GgufQuantizerTest {
    private static Path types() {
        try {
            return Path.of(Objects.requireNonNull(GgufQuantizerTest.class.getResource("/gguf/base/types"))
                    .toURI());
        } catch (URISyntaxException e) {
            throw new IllegalStateException(e);
        }
    }

    private static float[] writtenAndRead(GgufType type, float[] row) {
        ByteBuffer bytes = ByteBuffer.allocate((int) type.bytes(row.length)).order(ByteOrder.LITTLE_ENDIAN);
        GgufQuantizer.write(type, row, bytes);
        assertThat(bytes.hasRemaining()).isFalse();
        float[] read = new float[row.length];
        type.read(bytes, 0, read, row.length);
        return read;
    }

    /** What is rounded already stays as it is. */
    @ParameterizedTest
    @EnumSource(
            value = GgufType.class,
            names = {"F32", "F16", "Q8_0", "Q4_0"})
    void roundedBlocksStayTheSame(GgufType type) throws IOException {
        try (GgufReader reader = GgufReader.open(types().resolve(type + ".gguf"))) {
            for (String name :
                    List.of("normal_256", "normal_512", "outliers", "zeros", "mixed", "constant", "positive")) {
                float[] stored = reader.tensor(name).ravel().toFloatVector();
                // llama.cpp looks for the best scale of 4 bits, which need not be that of the largest element.
                float[] values = type == GgufType.Q4_0 ? writtenAndRead(type, stored) : stored;
                assertThat(writtenAndRead(type, values)).as(name).containsExactly(values);
            }
        }
    }

    /** As {@code roundf} of llama.cpp does it, and not to the even one as in the precision INT8. */
    @Test
    void aHalfGoesAwayFromZero() {
        float[] row = new float[32];
        for (int i = 0; i < 16; i++) {
            row[i] = i + 0.5f;
            row[16 + i] = -i - 0.5f;
        }
        row[15] = 127;
        float[] read = writtenAndRead(GgufType.Q8_0, row);
        for (int i = 0; i < 15; i++) {
            assertThat(read[i]).isEqualTo(i + 1);
            assertThat(read[16 + i]).isEqualTo(-i - 1);
        }
        row[0] = Math.nextDown(0.5f);
        assertThat(writtenAndRead(GgufType.Q8_0, row)[0]).isZero();
    }

    @Test
    void anElementDiffersByHalfAStep() {
        Random random = new Random(1);
        for (int n = 0; n < 200; n++) {
            float[] row = new float[32];
            float most = 0;
            for (int i = 0; i < row.length; i++) {
                row[i] = (float) random.nextGaussian();
                most = Math.max(most, Math.abs(row[i]));
            }
            float[] eight = writtenAndRead(GgufType.Q8_0, row);
            float[] four = writtenAndRead(GgufType.Q4_0, row);
            for (int i = 0; i < row.length; i++) {
                assertThat(Math.abs(eight[i] - row[i])).isLessThan(most / 127 * 0.57f);
                assertThat(Math.abs(four[i] - row[i])).isLessThan(most / 8 * 1.01f);
            }
        }
    }
}
