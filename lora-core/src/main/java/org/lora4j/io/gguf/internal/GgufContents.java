package org.lora4j.io.gguf.internal;

import java.io.IOException;

/** What a model source that is a GGUF file has beside the files of the hub. */
public interface GgufContents {
    /** Returns the keys of the file. */
    GgufKeys keys() throws IOException;

    /** Opens the file to read its tensors, by the names of transformers. The caller closes them. */
    GgufTensors tensors() throws IOException;
}
