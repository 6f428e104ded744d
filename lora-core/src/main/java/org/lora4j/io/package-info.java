/** Files: tensors in the safetensors format and adapters in the form of PEFT. Reading trusts nothing; writing is atomic. */
@NullMarked
package org.lora4j.io;

import org.jspecify.annotations.NullMarked;
