/** GGUF files as models: their keys, and their tensors in the form of transformers. */
@NullMarked
package org.lora4j.io.gguf.model;

import org.jspecify.annotations.NullMarked;
