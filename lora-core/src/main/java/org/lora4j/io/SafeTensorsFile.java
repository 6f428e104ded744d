package org.lora4j.io;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.nd4j.linalg.api.ndarray.INDArray;

/** The way between {@link SafeTensors} and the disk. */
final class SafeTensorsFile {
    private SafeTensorsFile() {}

    static SafeTensors read(Path path) throws IOException {
        String file = path.toString();
        try (FileChannel channel = FileChannel.open(path, StandardOpenOption.READ)) {
            Header header = readHeader(channel, file);
            Map<String, StoredTensor> tensors = new LinkedHashMap<>();
            for (TensorInfo info : header.tensors()) {
                INDArray array = Elements.allocate(info.dtype().storage(), info.shape());
                Elements.with(array, bytes -> readFully(channel, bytes, file));
                tensors.put(info.name(), new StoredTensor(info.dtype(), array));
            }
            return new SafeTensors(file, tensors, header.metadata());
        }
    }

    private static Header readHeader(FileChannel channel, String file) throws IOException {
        long size = channel.size();
        if (size < Header.PREFIX) {
            throw new SafeTensorsException(file, "file", "must have at least " + Header.PREFIX + " bytes", size);
        }
        ByteBuffer prefix = ByteBuffer.allocate(Header.PREFIX).order(ByteOrder.LITTLE_ENDIAN);
        readFully(channel, prefix, file);
        long length = prefix.getLong(0);
        if (length < 0 || length > Header.MAX_LENGTH) {
            String rule = "the header must have at most " + Header.MAX_LENGTH + " bytes";
            throw new SafeTensorsException(file, "byte 0", rule, Long.toUnsignedString(length));
        }
        long rest = size - Header.PREFIX;
        if (length > rest) {
            String rule = "the header must have at most the " + rest + " bytes that follow";
            throw new SafeTensorsException(file, "byte 0", rule, length);
        }
        ByteBuffer json = ByteBuffer.allocate((int) length);
        readFully(channel, json, file);
        return HeaderParser.parse(file, json.array(), rest - length);
    }

    private static void readFully(FileChannel channel, ByteBuffer target, String file) throws IOException {
        while (target.hasRemaining()) {
            if (channel.read(target) < 0) {
                String rule =
                        "the file must not shrink while it is read: " + target.remaining() + " more bytes expected";
                throw new SafeTensorsException(file, "byte " + channel.position(), rule, "its end");
            }
        }
    }

    static void write(Path path, Map<String, StoredTensor> tensors, Map<String, String> metadata) throws IOException {
        List<Map.Entry<String, StoredTensor>> layout = layout(tensors);
        byte[] header = new Header(metadata, infos(layout)).toBytes();
        if (header.length > Header.MAX_LENGTH) {
            throw new IllegalStateException(path + ": the header must have at most " + Header.MAX_LENGTH
                    + " bytes, found " + header.length + " for " + tensors.size() + " tensors");
        }
        AtomicFile.write(path, channel -> {
            ByteBuffer prefix = ByteBuffer.allocate(Header.PREFIX).order(ByteOrder.LITTLE_ENDIAN);
            AtomicFile.writeFully(channel, prefix.putLong(0, header.length));
            AtomicFile.writeFully(channel, ByteBuffer.wrap(header));
            for (Map.Entry<String, StoredTensor> tensor : layout) {
                Elements.with(tensor.getValue().array(), bytes -> AtomicFile.writeFully(channel, bytes));
            }
        });
    }

    /** The tensors by descending dtype, then by the UTF-8 bytes of their names. */
    private static List<Map.Entry<String, StoredTensor>> layout(Map<String, StoredTensor> tensors) {
        Comparator<Map.Entry<String, StoredTensor>> byDtype =
                Comparator.comparing(tensor -> tensor.getValue().dtype());
        return tensors.entrySet().stream()
                .sorted(byDtype.reversed().thenComparing(tensor -> utf8(tensor.getKey()), Arrays::compareUnsigned))
                .toList();
    }

    private static List<TensorInfo> infos(List<Map.Entry<String, StoredTensor>> layout) {
        List<TensorInfo> infos = new ArrayList<>();
        long position = 0;
        for (Map.Entry<String, StoredTensor> entry : layout) {
            StoredTensor tensor = entry.getValue();
            long end = position + tensor.byteLength();
            infos.add(new TensorInfo(
                    entry.getKey(), tensor.dtype(), tensor.array().shape(), position, end));
            position = end;
        }
        return infos;
    }

    private static byte[] utf8(String name) {
        return name.getBytes(StandardCharsets.UTF_8);
    }
}
