package org.lora4j.spark.internal.base;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import org.apache.hadoop.fs.FileSystem;
import org.apache.hadoop.fs.Path;
import org.apache.spark.util.SerializableConfiguration;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftFiles;
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
        FileSystem files = folder.getFileSystem(hadoop.value());
        Path own = new Path(folder, new Path(null, null, name));
        try (InputStream config = HadoopFiles.open(files, new Path(own, AdapterBytes.CONFIG));
                InputStream tensors = HadoopFiles.open(files, new Path(own, AdapterBytes.TENSORS))) {
            return PeftFiles.read(config, tensors, options).adapter(base);
        } catch (FileNotFoundException e) {
            throw AdapterBytes.missing(own, e);
        }
    }
}
