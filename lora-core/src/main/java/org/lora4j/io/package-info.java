/** Files: tensors in the safetensors format, read with suspicion and written atomically. */
@NullMarked
package org.lora4j.io;

import org.jspecify.annotations.NullMarked;
