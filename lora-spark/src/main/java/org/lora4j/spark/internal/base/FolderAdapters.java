package org.lora4j.spark.internal.base;

import java.io.IOException;
import org.apache.hadoop.conf.Configuration;
import org.apache.hadoop.fs.LocalFileSystem;
import org.apache.hadoop.fs.Path;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.io.ModelSource;
import org.lora4j.io.peft.PeftAdapters;
import org.lora4j.serve.AdapterSource;

/** Folders of any file system of Hadoop with a sub-folder for each adapter. */
public final class FolderAdapters {
    private FolderAdapters() {}

    /**
     * Returns the adapters of a folder. Those of a local one are read directly, because a reader of the library sees a whole adapter
     * while it is replaced.
     *
     * @param base what is told of each adapter that is read
     * @throws IOException if there is no such file system
     */
    public static AdapterSource of(Path folder, Configuration hadoop, SentBase base) throws IOException {
        if (folder.getFileSystem(hadoop) instanceof LocalFileSystem local) {
            java.nio.file.Path all = local.pathToFile(folder).toPath();
            AdapterSource source = AdapterSource.of(all);
            return (name, network, options) -> {
                java.nio.file.Path own = all.resolve(name);
                return PeftAdapters.readWhole(own, () -> {
                    String task = AdapterBytes.task(ModelSource.of(own));
                    base.requireTask(own.toString(), task);
                    LoRAAdapter read = source.load(name, network, options);
                    base.loaded(name, own.toString(), task, read);
                    return read;
                });
            };
        }
        return (name, network, options) -> {
            Path own = new Path(folder, new Path(null, null, name));
            AdapterBytes bytes = AdapterBytes.require(own, hadoop, options);
            base.requireTask(own.toString(), bytes.task());
            LoRAAdapter read = bytes.adapter(network, options);
            base.loaded(name, own.toString(), bytes.task(), read);
            return read;
        };
    }
}
