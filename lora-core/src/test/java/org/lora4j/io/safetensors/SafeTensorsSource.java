package org.lora4j.io.safetensors;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.Channels;
import java.nio.channels.FileChannel;
import java.nio.channels.ReadableByteChannel;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.lora4j.io.ReadOptions;

/** Every way to read a safetensors file. What holds for one must hold for all. */
public enum SafeTensorsSource {
    PATH("") {
        @Override
        public SafeTensors read(Path path, ReadOptions options) throws IOException {
            return SafeTensors.read(path, options);
        }
    },
    BYTES("byte array") {
        @Override
        public SafeTensors read(Path path, ReadOptions options) throws IOException {
            return SafeTensors.read(Files.readAllBytes(path), options);
        }
    },
    STREAM("input stream") {
        @Override
        public SafeTensors read(Path path, ReadOptions options) throws IOException {
            try (InputStream stream = Files.newInputStream(path)) {
                return SafeTensors.read(stream, options);
            }
        }
    },
    SLOW_STREAM("input stream") {
        @Override
        public SafeTensors read(Path path, ReadOptions options) throws IOException {
            return SafeTensors.read(new SlowStream(Files.readAllBytes(path)), options);
        }
    },
    CHANNEL("channel") {
        @Override
        public SafeTensors read(Path path, ReadOptions options) throws IOException {
            try (FileChannel channel = FileChannel.open(path)) {
                return SafeTensors.read(channel, options);
            }
        }
    },
    SLOW_CHANNEL("channel") {
        @Override
        public SafeTensors read(Path path, ReadOptions options) throws IOException {
            return SafeTensors.read(new SlowChannel(Files.readAllBytes(path), 1), options);
        }
    };

    private static final Pattern WRONG_LENGTH =
            Pattern.compile(": data: the file must have (\\d+) bytes after the header, found (\\d+)");

    private final String label;

    SafeTensorsSource(String label) {
        this.label = label;
    }

    public abstract SafeTensors read(Path path, ReadOptions options) throws IOException;

    public SafeTensors read(Path path) throws IOException {
        return read(path, SafeTensors.READABLE);
    }

    /** What messages call the source. */
    public String label(Path path) {
        return this == PATH ? path.toString() : label;
    }

    /** Whether the source tells its length before it is read. */
    public boolean knowsItsLength() {
        return this == PATH || this == BYTES;
    }

    /** What this source says of a damaged file, given what the path says. */
    String message(Path path, String messageOfPath) {
        String text = messageOfPath.substring(path.toString().length());
        Matcher length = WRONG_LENGTH.matcher(text);
        boolean tooLong = length.matches() && Long.parseLong(length.group(2)) > Long.parseLong(length.group(1));
        // A source of unknown length is not read on to count what is too much.
        return label(path) + (tooLong && !knowsItsLength() ? text.replaceFirst("\\d+$", "more") : text);
    }

    /** A stream that returns 1, 2, 3, 1, 2, … bytes at a time. */
    static final class SlowStream extends ByteArrayInputStream {
        private int calls;

        SlowStream(byte[] bytes) {
            super(bytes);
        }

        @Override
        public synchronized int read(byte[] target, int offset, int length) {
            return super.read(target, offset, Math.min(length, 1 + calls++ % 3));
        }
    }

    /** A channel that returns so many zeros before each byte. */
    static final class SlowChannel implements ReadableByteChannel {
        private final ReadableByteChannel bytes;
        private final int zeros;
        private int calls;

        SlowChannel(byte[] bytes, int zeros) {
            this.bytes = Channels.newChannel(new ByteArrayInputStream(bytes));
            this.zeros = zeros;
        }

        @Override
        public int read(ByteBuffer target) throws IOException {
            if (calls++ % (zeros + 1) < zeros) {
                return 0;
            }
            int limit = target.limit();
            target.limit(target.position() + 1);
            int count = bytes.read(target);
            target.limit(limit);
            return count;
        }

        @Override
        public boolean isOpen() {
            return bytes.isOpen();
        }

        @Override
        public void close() throws IOException {
            bytes.close();
        }
    }
}
