/**
 * Calculates with adapters: combines, extracts, converts and resizes them, for every kind of layer.
 *
 * <pre>{@code
 * LoRAAdapter both = AdapterCombination.of(a, 0.7).plus(b, 0.3).cat(); // 0.7·ΔW of a + 0.3·ΔW of b, exactly
 * LoRAAdapter smaller = AdapterConversion.resize(both, TargetRank.of(4)).adapter();
 * }</pre>
 */
@NullMarked
package org.lora4j.algebra;

import org.jspecify.annotations.NullMarked;
