/**
 * Adapters as files in the form of Python's PEFT. Reading trusts nothing; writing is atomic.
 *
 * <pre>{@code
 * PeftAdapters.save(adapter, base, Path.of("adapters", "nine"));
 * LoRAAdapter loaded = PeftAdapters.load(Path.of("adapters", "nine"), base);
 * }</pre>
 */
@NullMarked
package org.lora4j.io.peft;

import org.jspecify.annotations.NullMarked;
