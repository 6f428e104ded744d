package org.lora4j.serve;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import org.lora4j.adapter.BaseModel;
import org.lora4j.adapter.LoRAAdapter;
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
        Path own = folder.resolve(name);
        if (!Files.isDirectory(own) || !hasExactName(own, name)) {
            throw new IllegalArgumentException("the adapter must be in the model or have a folder, found no "
                    + MessageText.quote(name) + " in " + folder + "; add it to the model, or save it to the folder");
        }
        return PeftAdapters.load(own, base, options);
    }

    /** Some file systems find a folder whose name differs in case. It would be a second adapter of the same files. */
    private static boolean hasExactName(Path own, String name) throws IOException {
        Path real = own.toRealPath(LinkOption.NOFOLLOW_LINKS).getFileName();
        return real != null && real.toString().equals(name);
    }
}
