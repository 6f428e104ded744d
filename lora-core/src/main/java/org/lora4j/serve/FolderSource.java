package org.lora4j.serve;

import java.io.IOException;
import java.nio.file.Path;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LoRAAdapter;
import org.lora4j.internal.ExchangedFolder;
import org.lora4j.internal.MessageText;
import org.lora4j.io.ReadOptions;
import org.lora4j.io.peft.PeftAdapters;

/**
 * A folder with a sub-folder for each adapter.
 *
 * @param folder the folder
 */
record FolderSource(Path folder) implements AdapterSource {
    @Override
    public LoRAAdapter load(String name, BaseModel base, ReadOptions options) throws IOException {
        Path own = ExchangedFolder.find(folder, name);
        if (own == null) {
            throw new IllegalArgumentException("the adapter must be in the model or have a folder, found no "
                    + MessageText.quote(name) + " in " + folder + "; add it to the model, or save it to the folder");
        }
        return PeftAdapters.load(own, base, options);
    }
}
