package org.lora4j.spark.internal.base;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.FileStatus;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.FileUtil;
import org.apache.hadoop.fs.Path;
import org.jspecify.annotations.Nullable;
import org.lora4j.nn.transformer.PretrainedModel;

/** The copy of a base in the folder of a saved model. */
public final class StoredBase {
    private static final String NAME = "base";
    private static final String GGUF = "base.gguf";

    private StoredBase() {}

    /** Copies the file of a network, or the files of an encoder or of a decoder that are read. */
    public static void copy(String base, String model, Configuration hadoop) throws IOException {
        Path from = new Path(base);
        Path to = new Path(model, SentGguf.is(from) ? GGUF : NAME);
        if (!from.getFileSystem(hadoop).getFileStatus(from).isDirectory()) {
            copy(from, to, hadoop);
            return;
        }
        HadoopFolder folder = new HadoopFolder(from, hadoop);
        List<String> names = new ArrayList<>(PretrainedModel.settingFiles(folder));
        names.addAll(PretrainedModel.weightFiles(folder));
        for (String name : names) {
            copy(folder.file(name), new Path(to, name), hadoop);
        }
    }

    private static void copy(Path from, Path to, Configuration hadoop) throws IOException {
        FileSystem target = to.getFileSystem(hadoop);
        target.mkdirs(to.getParent());
        FileStatus status = from.getFileSystem(hadoop).getFileStatus(from);
        FileUtil.copy(from.getFileSystem(hadoop), status, target, to, false, true, hadoop);
    }

    /** The path of the copy in the folder of a saved model, or null if there is none. */
    public static @Nullable String find(String model, Configuration hadoop) throws IOException {
        for (String name : List.of(NAME, GGUF)) {
            Path copy = new Path(model, name);
            if (copy.getFileSystem(hadoop).exists(copy)) {
                return copy.toString();
            }
        }
        return null;
    }
}
