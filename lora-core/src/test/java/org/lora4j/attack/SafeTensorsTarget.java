package org.lora4j.attack;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import org.lora4j.io.safetensors.Dtype;
import org.lora4j.io.safetensors.SafeTensors;
import org.lora4j.io.safetensors.SafeTensorsBuilder;
import org.lora4j.io.safetensors.SafeTensorsException;

/** The bytes of a safetensors file, with tensors of all dtypes. */
final class SafeTensorsTarget implements Target {
    @Override
    public String kind() {
        return "safetensors";
    }

    @Override
    public List<Sample> sound() {
        SafeTensorsBuilder all = SafeTensors.builder().metadata("format", "pt").metadata("text", "é\n\"");
        SafeTensorsBuilder few = SafeTensors.builder();
        for (Dtype dtype : Dtype.values()) {
            // ND4J has no 8-bit floats: they can be read, but not be given as arrays.
            if (dtype != Dtype.F8_E4M3 && dtype != Dtype.F8_E5M2) {
                all.bytes("layer." + dtype, dtype, new long[] {2, 3}, new byte[6 * dtype.size()]);
            }
        }
        few.bytes("scalar", Dtype.F32, new long[0], new byte[4]);
        few.bytes("none", Dtype.I64, new long[] {0, 4}, new byte[0]);
        return List.of(
                new Sample("all dtypes", Map.of(TENSORS, all.build().toBytes())),
                new Sample("few", Map.of(TENSORS, few.build().toBytes())));
    }

    @Override
    public void read(Sample sample) throws IOException {
        byte[] bytes = sample.file(TENSORS);
        SafeTensors read;
        try {
            read = SafeTensors.read(bytes);
        } catch (SafeTensorsException e) {
            assertThat(isReadFromStream(bytes)).as("a stream is refused too").isFalse();
            throw e;
        }
        assertSame(SafeTensors.read(new ByteArrayInputStream(bytes)), read);
        assertSame(SafeTensors.read(read.toBytes()), read);
        for (String name : read.names()) {
            assertThat(read.tensor(name).shape()).isEqualTo(read.shape(name));
        }
    }

    private static boolean isReadFromStream(byte[] bytes) throws IOException {
        try {
            SafeTensors.read(new ByteArrayInputStream(bytes));
            return true;
        } catch (SafeTensorsException e) {
            return false;
        }
    }

    /** Compares all that a file holds, whatever its order. */
    static void assertSame(SafeTensors actual, SafeTensors expected) {
        assertThat(actual.metadata()).isEqualTo(expected.metadata());
        assertThat(actual.names()).isEqualTo(expected.names());
        for (String name : expected.names()) {
            assertThat(actual.dtype(name)).isEqualTo(expected.dtype(name));
            assertThat(actual.shape(name)).isEqualTo(expected.shape(name));
            assertThat(actual.bytes(name)).isEqualTo(expected.bytes(name));
        }
    }
}
