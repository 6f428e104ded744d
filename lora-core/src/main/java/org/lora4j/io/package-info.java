/**
 * Where models are read from, and what a reader accepts. The formats have packages of their own.
 *
 * <pre>{@code
 * ReadOptions options = ReadOptions.of(FingerprintCheck.REQUIRE).withFileBytes(10 << 20);
 * LoRAAdapter adapter = PeftAdapters.load(folder, base, options);
 * }</pre>
 */
@NullMarked
package org.lora4j.io;

import org.jspecify.annotations.NullMarked;
