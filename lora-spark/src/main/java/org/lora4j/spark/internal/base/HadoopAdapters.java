package org.lora4j.spark.internal.base;

import java.io.IOException;
import org.apache.hadoop.fs.Path;
import org.apache.spark.util.SerializableConfiguration;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.io.ReadOptions;
import org.lora4j.serve.AdapterSource;

/**
 * A folder of any file system of Hadoop, with a sub-folder for each adapter.
 *
 * @param folder the folder
 * @param hadoop the settings of the file systems
 */
public record HadoopAdapters(Path folder, SerializableConfiguration hadoop) implements AdapterSource {
    @Override
    public LoRAAdapter load(String name, BaseModel base, ReadOptions options) throws IOException {
        Path own = new Path(folder, new Path(null, null, name));
        return AdapterBytes.files(own, hadoop.value(), options).adapter(base);
    }
}
