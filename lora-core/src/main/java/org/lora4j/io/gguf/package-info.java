/** Files of llama.cpp: adapters in the GGUF format. */
@NullMarked
package org.lora4j.io.gguf;

import org.jspecify.annotations.NullMarked;
