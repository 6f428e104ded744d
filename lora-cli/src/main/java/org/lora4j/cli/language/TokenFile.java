package org.lora4j.cli.language;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.Files;
import java.nio.file.StandardOpenOption;
import java.util.AbstractList;
import java.util.RandomAccess;
import java.util.stream.IntStream;
import org.lora4j.text.data.TokenExample;

/**
 * The tokens of texts, one after the other, in a temporary file of {@code java.io.tmpdir}. They are written first, and then read
 * as blocks.
 */
final class TokenFile implements AutoCloseable {
    private static final int BUFFER = 1 << 16;

    private final FileChannel channel;
    private final ByteBuffer buffer = ByteBuffer.allocate(BUFFER);
    private long size;

    TokenFile() throws IOException {
        channel = FileChannel.open(
                Files.createTempFile("lora4j", ".tokens"),
                StandardOpenOption.READ,
                StandardOpenOption.WRITE,
                StandardOpenOption.DELETE_ON_CLOSE);
    }

    void add(int[] tokens) {
        for (int token : tokens) {
            if (!buffer.hasRemaining()) {
                flush();
            }
            buffer.putInt(token);
        }
        size += tokens.length;
    }

    private void flush() {
        buffer.flip();
        try {
            while (buffer.hasRemaining()) {
                channel.write(buffer);
            }
        } catch (IOException e) {
            throw failed("written", e);
        }
        buffer.clear();
    }

    private static UncheckedIOException failed(String what, IOException e) {
        return new UncheckedIOException(
                "the tokens of the texts cannot be %s in %s, found %s; choose another folder with -Djava.io.tmpdir"
                        .formatted(what, System.getProperty("java.io.tmpdir"), e.getMessage()),
                e);
    }

    /**
     * Returns the tokens as blocks. The last one can be shorter, but has at least two tokens: nothing predicts one that stands
     * alone.
     *
     * @param block the tokens of a block
     * @return a list that reads a block each time it is asked for
     */
    Blocks blocks(int block) {
        flush();
        int count = Math.toIntExact(size / block + (size % block > 1 && block > 1 ? 1 : 0));
        return new Blocks(block, IntStream.range(0, block > 1 ? count : 0).toArray());
    }

    /** Deletes the file. */
    @Override
    public void close() {
        try {
            channel.close();
        } catch (IOException e) {
            throw failed("closed", e);
        }
    }

    /** Some of the blocks. */
    final class Blocks extends AbstractList<TokenExample> implements RandomAccess {
        private final int block;
        private final int[] numbers;

        private Blocks(int block, int[] numbers) {
            this.block = block;
            this.numbers = numbers;
        }

        /** Returns the blocks of some places in this list. */
        Blocks some(IntStream places) {
            return new Blocks(block, places.map(place -> numbers[place]).toArray());
        }

        @Override
        public TokenExample get(int index) {
            long from = (long) numbers[index] * block;
            ByteBuffer bytes = ByteBuffer.allocate((int) (Integer.BYTES * Math.min(block, size - from)));
            try {
                while (bytes.hasRemaining()) {
                    if (channel.read(bytes, Integer.BYTES * from + bytes.position()) < 0) {
                        throw new IOException("the end of the file");
                    }
                }
            } catch (IOException e) {
                throw failed("read", e);
            }
            int[] ids = new int[bytes.capacity() / Integer.BYTES];
            bytes.flip().asIntBuffer().get(ids);
            return TokenExample.ofText(ids);
        }

        @Override
        public int size() {
            return numbers.length;
        }

        @Override
        public int hashCode() {
            int hash = 1;
            for (TokenExample example : this) {
                hash = 31 * hash + example.contentHash();
            }
            return hash;
        }

        @Override
        public boolean equals(Object other) {
            return super.equals(other);
        }
    }
}
