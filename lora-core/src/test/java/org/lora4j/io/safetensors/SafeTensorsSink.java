package org.lora4j.io.safetensors;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.channels.WritableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;

/** Every way to write a safetensors file. All must give the same bytes. */
enum SafeTensorsSink {
    PATH {
        @Override
        byte[] write(SafeTensors tensors, Path scratch) throws IOException {
            tensors.write(scratch);
            return Files.readAllBytes(scratch);
        }
    },
    BYTES {
        @Override
        byte[] write(SafeTensors tensors, Path scratch) {
            return tensors.toBytes();
        }
    },
    STREAM {
        @Override
        byte[] write(SafeTensors tensors, Path scratch) throws IOException {
            ByteArrayOutputStream stream = new ByteArrayOutputStream();
            tensors.write(stream);
            return stream.toByteArray();
        }
    },
    CHANNEL {
        @Override
        byte[] write(SafeTensors tensors, Path scratch) throws IOException {
            try (FileChannel channel = FileChannel.open(
                    scratch,
                    StandardOpenOption.WRITE,
                    StandardOpenOption.CREATE,
                    StandardOpenOption.TRUNCATE_EXISTING)) {
                tensors.write(channel);
            }
            return Files.readAllBytes(scratch);
        }
    },
    SLOW_CHANNEL {
        @Override
        byte[] write(SafeTensors tensors, Path scratch) throws IOException {
            SlowChannel channel = new SlowChannel(1);
            tensors.write(channel);
            return channel.written.toByteArray();
        }
    };

    /** Writes and returns what was written. */
    abstract byte[] write(SafeTensors tensors, Path scratch) throws IOException;

    /** A channel that takes nothing so many times, then at most 1, 2, 3, … bytes. */
    static final class SlowChannel implements WritableByteChannel {
        final ByteArrayOutputStream written = new ByteArrayOutputStream();
        private final int zeros;
        private int calls;
        private boolean closed;

        SlowChannel(int zeros) {
            this.zeros = zeros;
        }

        @Override
        public int write(ByteBuffer bytes) {
            if (calls++ % (zeros + 1) < zeros) {
                return 0;
            }
            byte[] taken = new byte[Math.min(bytes.remaining(), calls)];
            bytes.get(taken);
            written.writeBytes(taken);
            return taken.length;
        }

        @Override
        public boolean isOpen() {
            return !closed;
        }

        @Override
        public void close() {
            closed = true;
        }
    }
}
