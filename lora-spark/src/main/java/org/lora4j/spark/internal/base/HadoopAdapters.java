package org.lora4j.spark.internal.base;

import java.io.IOException;
import org.apache.hadoop.fs.Path;
import org.apache.spark.util.SerializableConfiguration;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.io.ModelSource;
import org.lora4j.io.ReadOptions;
import org.lora4j.serve.AdapterSource;

/**
 * A folder of any file system of Hadoop, with a sub-folder for each adapter.
 *
 * @param folder the folder
 * @param hadoop the settings of the file systems
 */
public record HadoopAdapters(Path folder, SerializableConfiguration hadoop) implements AdapterSource {
    private Path own(String name) {
        return new Path(folder, new Path(null, null, name));
    }

    /** The files of an adapter. */
    public ModelSource files(String name) throws IOException {
        return new HadoopFolder(own(name), hadoop.value());
    }

    @Override
    public LoRAAdapter load(String name, BaseModel base, ReadOptions options) throws IOException {
        Path own = own(name);
        return AdapterBytes.files(own, hadoop.value(), options).adapter(base);
    }
}
