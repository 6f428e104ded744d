package org.lora4j.spark.internal.base;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.NoSuchFileException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.Path;
import org.apache.spark.util.SerializableConfiguration;
import org.lora4j.io.ModelSource;
import org.lora4j.nn.transformer.PretrainedModel;

/** The folder of a model on its way to the executors: all files that are read, or only the paths of the weights. */
final class SentFolder implements SentModel, ModelSource {
    private static final long serialVersionUID = 1L;

    private final String path;
    private final LinkedHashMap<String, SentFile> files;
    private final boolean hasWeights;

    private SentFolder(String path, Map<String, SentFile> files, boolean hasWeights) {
        this.path = path;
        this.files = new LinkedHashMap<>(files);
        this.hasWeights = hasWeights;
    }

    /** Reads a folder for a broadcast; only the paths of the weights if all together have more than some bytes. */
    static SentFolder read(Path path, Configuration hadoop, long mostBytes) throws IOException {
        HadoopFolder folder = new HadoopFolder(path, hadoop);
        SerializableConfiguration settings = new SerializableConfiguration(hadoop);
        Map<String, SentFile> files = new LinkedHashMap<>();
        for (String name : PretrainedModel.settingFiles(folder)) {
            files.put(name, SentFile.read(folder.file(name), settings, SentFile.MOST_BYTES));
        }
        List<String> weights = PretrainedModel.weightFiles(folder);
        long bytes = 0;
        for (String name : weights) {
            bytes += path.getFileSystem(hadoop).getFileStatus(folder.file(name)).getLen();
        }
        boolean sent = bytes <= mostBytes;
        for (String name : weights) {
            files.put(name, SentFile.read(folder.file(name), settings, sent ? mostBytes : -1));
        }
        return new SentFolder(path.toString(), files, sent);
    }

    @Override
    public ModelSource source() {
        return this;
    }

    @Override
    public boolean hasWeights() {
        return hasWeights;
    }

    @Override
    public String identity() {
        return files.entrySet().stream()
                .map(file -> file.getKey() + " of " + file.getValue().identity())
                .collect(Collectors.joining(", "));
    }

    @Override
    public String name() {
        return new Path(path).getName();
    }

    @Override
    public String describe(String file) {
        return new Path(path, file).toString();
    }

    @Override
    public boolean has(String file) {
        return files.containsKey(file);
    }

    @Override
    public InputStream open(String file) throws IOException {
        SentFile found = files.get(file);
        if (found == null) {
            throw new NoSuchFileException(describe(file));
        }
        return found.open();
    }

    @Override
    public Optional<java.nio.file.Path> path(String file) {
        SentFile found = files.get(file);
        return found == null ? Optional.empty() : found.localPath();
    }

    @Override
    public String toString() {
        return path;
    }
}
